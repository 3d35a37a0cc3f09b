from hotline.analytics.actions.building import Built, build
from hotline.analytics.actions.compacting import Compacted, compact
from hotline.analytics.actions.verifying import Difference, Verified, verify

__all__ = ["Built", "Compacted", "Difference", "Verified", "build", "compact", "verify"]

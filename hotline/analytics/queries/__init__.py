from hotline.analytics.folder import LakeBroken, LakeEmpty
from hotline.analytics.folder import read_manifest as snapshot
from hotline.analytics.queries.asking import Figure, Figures, Row, behind, figures, names, reach_of

__all__ = ["Figure", "Figures", "LakeBroken", "LakeEmpty", "Row", "behind", "figures", "names", "reach_of", "snapshot"]

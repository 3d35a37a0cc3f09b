"""WSGI entry for granian."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
application = get_wsgi_application()

# Code, models and words stay for the life of the process: looking for circles among a third of a million such objects
# would stop a page now and then for a tenth of a second. What requests leave is still looked at, less often.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)

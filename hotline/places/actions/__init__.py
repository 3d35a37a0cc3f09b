from hotline.places.actions.divisions import (
    BATCH,
    PACKAGE_FILES,
    ImportResult,
    import_divisions,
    pinyin_key,
    read_csv,
    read_package,
    save_points,
)
from hotline.places.actions.outlines import Imported, import_outlines

__all__ = [
    "BATCH",
    "PACKAGE_FILES",
    "ImportResult",
    "Imported",
    "import_divisions",
    "import_outlines",
    "pinyin_key",
    "read_csv",
    "read_package",
    "save_points",
]

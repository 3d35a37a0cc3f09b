from hotline.places.queries.divisions import (
    PlaceHit,
    ancestor_at,
    at_level,
    children,
    division,
    path_text,
    path_texts,
    search,
)
from hotline.places.queries.located import forget_outlines, newest_set, outline_of, reverse
from hotline.places.rules.finding import Located, Spot

__all__ = [
    "Located",
    "PlaceHit",
    "Spot",
    "ancestor_at",
    "at_level",
    "children",
    "division",
    "forget_outlines",
    "newest_set",
    "outline_of",
    "path_text",
    "path_texts",
    "reverse",
    "search",
]

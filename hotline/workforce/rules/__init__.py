"""Pure: how many calls are to be expected, how many seats they need, how a day would have gone otherwise."""

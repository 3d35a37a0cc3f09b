"""Loading a city and generating its life. The demo stands above all packages, so it writes across them, in bulk."""

from hotline.demo.actions.loading import CityFaults, LoadResult, load_city

__all__ = ["CityFaults", "LoadResult", "load_city"]

"""Where an event takes place becomes links to maps: from coordinates where they are known, else from text.

Coordinates are WGS-84, as phones and OpenStreetMap have them. Google's maps cannot be reached in mainland
China and AMap is little known elsewhere: all are offered, the likely one first. Links are built anew each
time, from parts that are checked or encoded here; no stored address is ever used.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from edupulse.errors import Invalid

LONGEST_TEXT = 200  # characters of a place in a link
CALLER = "edupulse"  # AMap asks who calls
ORDER = ("google", "apple", "openstreetmap", "amap")
ORDER_IN_CHINESE = ("amap", "apple", "google", "openstreetmap")
NAMES = {"google": "Google Maps", "apple": "Apple Maps", "openstreetmap": "OpenStreetMap", "amap": "AMap"}
NAMES_IN_CHINESE = {
    "google": "谷歌地图",
    "apple": "苹果地图",
    "openstreetmap": "OpenStreetMap",
    "amap": "高德地图",
}


@dataclass(frozen=True)
class Place:
    """A place as text, with its WGS-84 coordinates in degrees where they are known."""

    text: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class MapLink:
    """A link to a map: which one, its name for people, and where it leads, always by https."""

    key: str
    name: str
    url: str


def map_links(place: Place, locale: str = "en") -> list[MapLink]:
    """Return links to the place in the order of the reader's locale, none for a place that says nothing.

    Raises Invalid for coordinates that are not on earth.
    """
    position = coordinates(place.latitude, place.longitude)
    text = " ".join(place.text.split())[:LONGEST_TEXT]
    if position is None and not text:
        return []
    urls = _to_position(*position, text) if position else _to_text(text)
    chinese = locale.lower().startswith("zh")
    names = NAMES_IN_CHINESE if chinese else NAMES
    return [MapLink(key, names[key], urls[key]) for key in (ORDER_IN_CHINESE if chinese else ORDER)]


def coordinates(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """Return latitude and longitude, None where neither is known; raise Invalid for what is no position."""
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None:
        raise Invalid(
            "A position needs latitude and longitude.", cure="Give both, or neither.", field="latitude"
        )
    return _on_earth("latitude", latitude, 90), _on_earth("longitude", longitude, 180)


def degrees(value: float) -> str:
    """Write degrees with six decimals at most (a tenth of a metre), and never as 1e-05."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _on_earth(field: str, value: float, most: int) -> float:
    if not -most <= value <= most:  # so is a value that is no number
        raise Invalid(f"The {field} cannot be {value}.", cure=f"Give {-most} to {most} degrees.", field=field)
    return float(value)


def _to_position(latitude: float, longitude: float, text: str) -> dict[str, str]:
    north, east = degrees(latitude), degrees(longitude)
    return {
        # developers.google.com/maps/documentation/urls
        "google": _url("https://www.google.com/maps/search/", api="1", query=f"{north},{east}"),
        "apple": _url("https://maps.apple.com/", ll=f"{north},{east}", q=text or f"{north},{east}"),
        "openstreetmap": _url("https://www.openstreetmap.org/", mlat=north, mlon=east)
        + f"#map=17/{north}/{east}",
        # lbs.amap.com/api/uri-api: longitude first; its own coordinates differ by some hundred metres
        "amap": _url(
            "https://uri.amap.com/marker",
            position=f"{east},{north}",
            name=text or f"{north},{east}",
            coordinate="wgs84",
            callnative="1",
            src=CALLER,
        ),
    }


def _to_text(text: str) -> dict[str, str]:
    return {
        "google": _url("https://www.google.com/maps/search/", api="1", query=text),
        "apple": _url("https://maps.apple.com/", q=text),
        "openstreetmap": _url("https://www.openstreetmap.org/search", query=text),
        "amap": _url("https://uri.amap.com/search", keyword=text, view="map", callnative="1", src=CALLER),
    }


def _url(address: str, **query: str) -> str:
    return f"{address}?{urlencode(query, quote_via=quote, safe=',', errors='replace')}"

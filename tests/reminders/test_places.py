"""Places become links to maps: the right order of coordinates, encoded text, the reader's own map first."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edupulse.errors import Invalid
from edupulse.reminders.places import Place, degrees, map_links

BERLIN = Place("Atelier 3, Torstraße 1", 52.529, 13.401)
SHANGHAI = Place("上海市 黄浦区 人民大道 201号")


def query(place: Place, key: str) -> dict[str, list[str]]:
    url = next(link.url for link in map_links(place) if link.key == key)
    return parse_qs(urlsplit(url).query)


def test_the_reader_finds_the_likely_map_first():
    assert [link.key for link in map_links(BERLIN, "en")] == ["google", "apple", "openstreetmap", "amap"]
    assert [link.key for link in map_links(BERLIN, "zh_Hans_CN")] == [
        "amap",
        "apple",
        "google",
        "openstreetmap",
    ]
    assert map_links(BERLIN, "zh")[0].name == "高德地图"


def test_amap_takes_longitude_before_latitude_and_is_told_that_they_are_wgs84():
    assert query(BERLIN, "amap") == {
        "position": ["13.401,52.529"],
        "name": ["Atelier 3, Torstraße 1"],
        "coordinate": ["wgs84"],
        "callnative": ["1"],
        "src": ["edupulse"],
    }


def test_the_other_maps_take_latitude_before_longitude():
    assert query(BERLIN, "google") == {"api": ["1"], "query": ["52.529,13.401"]}
    assert query(BERLIN, "apple") == {"ll": ["52.529,13.401"], "q": ["Atelier 3, Torstraße 1"]}
    assert query(BERLIN, "openstreetmap") == {"mlat": ["52.529"], "mlon": ["13.401"]}


def test_text_alone_is_searched_for():
    assert query(SHANGHAI, "amap")["keyword"] == [SHANGHAI.text]
    assert query(SHANGHAI, "google")["query"] == [SHANGHAI.text]
    assert query(SHANGHAI, "apple") == {"q": [SHANGHAI.text]}
    assert urlsplit(next(link.url for link in map_links(SHANGHAI) if link.key == "amap")).path == "/search"


def test_coordinates_alone_are_enough():
    assert query(Place(latitude=52.5, longitude=13.4), "apple")["q"] == ["52.5,13.4"]
    assert query(Place(latitude=52.5, longitude=13.4), "amap")["name"] == ["52.5,13.4"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_place_that_says_nothing_has_no_links(text):
    assert map_links(Place(text)) == []


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (91, 0),
        (-90.1, 0),
        (0, 180.5),
        (0, -181),
        (float("nan"), 0),
        (0, float("inf")),
        (52.5, None),
        (None, 13.4),
    ],
)
def test_what_is_no_position_on_earth_is_refused(latitude, longitude):
    with pytest.raises(Invalid) as refused:
        map_links(Place("Room 1", latitude, longitude))

    assert refused.value.cure


@given(text=st.text(max_size=300))
def test_whatever_the_text_links_are_encoded_and_lead_to_the_maps(text):
    links = map_links(Place(text + "x"))

    hosts = {urlsplit(link.url).netloc for link in links}
    assert hosts == {"www.google.com", "maps.apple.com", "www.openstreetmap.org", "uri.amap.com"}
    assert {urlsplit(link.url).scheme for link in links} == {"https"}
    assert all(link.url.isascii() and link.url.isprintable() for link in links)
    assert not any(mark in link.url for link in links for mark in "\"'<> ")


@pytest.mark.parametrize(
    ("value", "text"), [(52.5, "52.5"), (-0.0000001, "0"), (0.00001, "0.00001"), (180.0, "180"), (100, "100")]
)
def test_degrees_are_written_without_exponent_and_needless_zeros(value, text):
    assert degrees(value) == text

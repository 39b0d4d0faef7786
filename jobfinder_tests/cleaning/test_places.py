"""Places as job sites write them: one table for each way of writing."""

import pytest

from jobfinder_assets.cleaning.places import Place, parse_place, parse_places

BERLIN = Place("Berlin", None, "DE")
COUNTRIES = [
    ("Netherlands", "NL"),
    ("Ede, Netherlands", "NL"),
    ("The Philippines", "PH"),
    ("Republic of Ireland", "IE"),
    ("KSA", "SA"),
    ("U.S.A.", "US"),
    ("Frankreich", "FR"),
    ("Deutschlandweit", "DE"),
    ("Trinidad and Tobago", "TT"),
    ("Bosnia & Herzegovina", "BA"),
    ("Sunderland, Tyne and Wear", "GB"),
    ("South East England", "GB"),
    ("East Midlands", "GB"),
    ("Île-de-France", "FR"),
    ("Remote in Ireland", "IE"),
    ("Brasil - Remoto", "BR"),
    ("Home based - Scotland", "GB"),
]
ONE = [
    ("Hybrid in Santa Clara, CA", Place("Santa Clara", "CA", "US")),
    ("Hybrid work in London EC1", Place("London", None, "GB")),
    ("12 East 9th Street, New York, NY 10099", Place("New York", "NY", "US")),
    ("9 Gull Street, Washington, DC", Place("Washington", "DC", "US")),
    ("Remote · Atlanta, Georgia, United States", Place("Atlanta", "GA", "US")),
    # Without a comma.
    ("Sydney NSW 2000", Place("Sydney", "NSW", "AU")),
    ("Adelaide SA 5000", Place("Adelaide", "SA", "AU")),
    ("Toronto ON", Place("Toronto", "ON", "CA")),
    ("Toronto Canada", Place("Toronto", "ON", "CA")),
    ("London UK", Place("London", None, "GB")),
    ("Austin Texas", Place("Austin", "TX", "US")),
    ("Munich Germany", Place("Munich", None, "DE")),
    ("Mexico City", Place("Mexico City", None, "MX")),
    # Postcodes and districts.
    ("10115 Berlin", BERLIN),
    ("D-70173 Stuttgart", Place("Stuttgart", None, "DE")),
    ("75008 Paris", Place("Paris", None, "FR")),
    ("1010 Wien", Place("Wien", None, "AT")),
    ("Leeds LS1", Place("Leeds", None, "GB")),
    ("Dublin 2", Place("Dublin", None, "IE")),
    # Words around a city.
    ("Central London", Place("London", None, "GB")),
    ("West London", Place("London", None, "GB")),
    ("West Hollywood, CA", Place("West Hollywood", "CA", "US")),
    ("East London", Place("East London", None, "ZA")),
    ("Sydney CBD", Place("Sydney", None, "AU")),
    ("Großraum Berlin", BERLIN),
    ("Austin Office", Place("Austin", "TX", "US")),
    ("Berlin Office, Germany", BERLIN),
    ("Delhi NCR", Place("Delhi", None, "IN")),
    ("Leeds city centre", Place("Leeds", None, "GB")),
    ("Halle (Saale)", Place("Halle (Saale)", None, "DE")),
    ("Zürich Oerlikon", Place("Zürich", None, "CH")),
    ("Lyon 3e", Place("Lyon", None, "FR")),
    ("Bogotá D.C.", Place("Bogotá", None, "CO")),
    ("Ireland - Dublin Hub (Hybrid)", Place("Dublin", None, "IE")),
    ("Bay Area", Place("San Francisco", "CA", "US")),
    ("945 5th Ave, Suite 2, New York, NY 10021", Place("New York", "NY", "US")),
    # Towns and their provinces.
    ("Milano (MI)", Place("Milano", None, "IT")),
    ("Bari (BA)", Place("Bari", None, "IT")),
    ("Verona (WI)", Place("Verona", "WI", "US")),
    ("North York, ON", Place("North York", "ON", "CA")),
    ("Aspley, QLD", Place("Aspley", "QLD", "AU")),
    ("Ontario", Place(None, "ON", "CA")),
    ("Ontario, CA", Place("Ontario", "CA", "US")),
    # In the other order.
    ("Florida - Pompano Beach", Place("Pompano Beach", "FL", "US")),
    ("WA - Seattle", Place("Seattle", "WA", "US")),
    ("IL - Tel Aviv, Israel", Place("Tel Aviv", None, "IL")),
    # Of two that are written alike, the larger.
    ("Munster", Place("Munster", None, "DE")),
    ("Munster, IN", Place("Munster", "IN", "US")),
    # In Latin letters.
    ("東京", Place("Tokyo", None, "JP")),
    ("서울", Place("Seoul", None, "KR")),
    # Time zones are no places.
    ("Remote (EST)", Place()),
    ("US (EST hours)", Place(None, None, "US")),
    ("Remote US East", Place(None, None, "US")),
    ("Steger, IL", Place("Steger", "IL", "US")),
    ("Western North Carolina", Place(None, "NC", "US")),
    ("Northern Virginia, VA", Place(None, "VA", "US")),
    ("Texas USA", Place(None, "TX", "US")),
    ("NY, NY", Place("NY", "NY", "US")),
    ("Seattle, New York City, Santa Barbara, Columbus Ohio", Place("Seattle", "WA", "US")),
    ("99 SW College Rd Ocala, FL", Place("Ocala", "FL", "US")),
    ("Bengaluru/Bangalore, Karnataka", Place("Bengaluru", "KA", "IN")),
    ("Central America", Place()),
    ("North America", Place()),
    ("Washington State", Place(None, "WA", "US")),
    ("Oldham, Greater Manchester", Place("Oldham", "GTM", "GB")),
    ("9 Pier Blvd NE, Albuquerque, NM 87199", Place("Albuquerque", "NM", "US")),
    ("GB, Gull House, Gloucester Centre, Peterborough, PE9 9ZZ", Place("Peterborough", None, "GB")),
]
LISTS = [
    ("Cardiff, London or Remote (UK)", ["Cardiff", "London"]),
    ("Berlin, Hamburg oder München", ["Berlin", "Hamburg", "München"]),
    ("Rochester, New York or Remote", ["Rochester"]),
    ("Vancouver, Washington or Remote", ["Vancouver"]),
    ("Freiburg (Germany), San Francisco (USA)", ["Freiburg", "San Francisco"]),
    ("Portland (hybrid), ME", ["Portland"]),
    ("Bengaluru / Bangalore", ["Bengaluru"]),
    ("Remote - CO, FL, GA", [None, None, None]),
    ("Montréal ou Québec", ["Montréal", "Québec"]),
    ("Boston, MA, New York, NY", ["Boston", "New York"]),
    ("Dublin, Ireland, London, United Kingdom", ["Dublin", "London"]),
    ("Brooklyn, New York, NY", ["Brooklyn"]),
    ("Remote - NY, NJ, PA, RI or Washington, DC", [None, None, None, None, "Washington"]),
    ("Gurgaon/Gurugram, Haryana", ["Gurgaon"]),
    ("Netherlands/Germany", [None, None]),
    ("LA, CA", ["LA"]),
    ("Chicago; Bay Area, CA", ["Chicago", "San Francisco"]),
]


@pytest.mark.parametrize(("text", "country"), COUNTRIES)
def test_countries_and_regions(text: str, country: str) -> None:
    assert [place.country for place in parse_places(text)] == [country]


@pytest.mark.parametrize(("text", "place"), ONE)
def test_one_place(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(("text", "cities"), LISTS)
def test_every_place_of_a_list(text: str, cities: list[str | None]) -> None:
    assert [place.city for place in parse_places(text)] == cities

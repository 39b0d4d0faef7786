"""Words as titles and places of openings are compared by, and the names of US states."""

import re
import unicodedata

from jobfinder_assets.cleaning.lexicon import read_json

_WORD = re.compile(r"[a-z0-9+#]+")
OPENING_WORDS = read_json("openings.json")
STATES: dict[str, str] = OPENING_WORDS["us_states"]
_STATE_CODES = {name: code for code, name in STATES.items()}


def state_code(name: str) -> str:
    """The two letters of a US state named in small letters, by its name or code; "" for anything else."""
    return name if name in STATES else _STATE_CODES.get(name, "")


def plain_words(text: str) -> list[str]:
    """Words in small letters without accents; "+" and "#" belong to words ("c++", "c#")."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _WORD.findall(plain.lower().replace("'", ""))

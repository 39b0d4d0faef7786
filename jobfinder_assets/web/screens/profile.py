"""What a person looks for, in their own settings file; several people; and a CV as a source of words."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.cleaning.skills import find_skills
from jobfinder_assets.config import PROFILE_NAME_WORDS, Profile
from jobfinder_assets.web import session, view
from jobfinder_assets.web.profiles import ProfileError, delete_profile, save_profile
from jobfinder_assets.web.screens.search import country_names
from jobfinder_assets.web.screens.welcome import listed

_REMOTE = {"any": "as it comes", "preferred": "preferred", "only": "only remote jobs", "no": "no remote jobs"}
_COMMAS = "One per line, or separated by commas."
# (key of the profile, label, help)
_LISTS = (
    ("keywords", "Words that speak for a job", _COMMAS),
    ("places", "Places", f"Cities, regions, countries, or Remote. {_COMMAS}"),
    ("searches", "Searches", "Sources that can search are asked for each of them at every fetch. One per line."),
    ("examples", "Jobs like those I look for", "Postings by their id or address, one per line: a list before labels."),
    ("blocked_words", "Words that rule a job out", _COMMAS),
    ("blocked_companies", "Companies that are ruled out", "One per line."),
)
# These may hold a comma themselves.
_ONE_PER_LINE = ("searches", "examples", "blocked_companies")
_FIELDS = (
    "roles", *(key for key, _, _ in _LISTS), "country", "pay_floor_usd", "remote", "recommendations", "per_company",
    "email", "cv",
)  # fmt: skip
_LARGEST_CV_MEGABYTES = 5
# A word of a CV that so many jobs' titles hold, and no larger share of them, tells jobs apart.
_FEWEST_TITLES, _LARGEST_SHARE, _MOST_WORDS = 3, 0.05, 20
_WORD = re.compile(r"[^\W\d_]{4,}")


def page() -> None:
    st.title("Profile")
    name = session.profile_name()
    st.caption(
        f"What {name} looks for. An empty wish filters nothing, and a job that does not state its pay or place "
        "is never dropped for it."
    )
    _wishes(name)
    _cv(name)
    _people(name)


def _wishes(name: str) -> None:
    """The form. Its fields begin with what is saved, and keep what is typed until the page is left."""
    wanted = session.profile()
    for key in _FIELDS:
        st.session_state.setdefault(_key(key, name), _shown(key, getattr(wanted, key)))
    with st.form("wishes"):
        _error_at("")
        _roles(name)
        left, right = st.columns(2)
        for number, (key, label, words) in enumerate(_LISTS):
            with (left, right)[number % 2]:
                st.text_area(label, key=_key(key, name), help=words, height="content")
                _error_at(key)
        with right:
            _country(name)
        _facts(name)
        st.form_submit_button("Save", type="primary", key="save_wishes", on_click=_save, args=(name,))
    _told("wishes")
    run = session.background()
    st.button(
        "rank my list anew",
        on_click=_rank,
        args=(name,),
        disabled=run is not None and run.running,
        help="By the wishes saved and all labels; nothing is fetched. A fetch of everything ranks anew as well.",
        icon=":material/sort:",
        key="rank_anew",
    )


def _roles(name: str) -> None:
    st.multiselect("Roles", list(view.ROLE_NAMES), format_func=view.ROLE_NAMES.__getitem__, key=_key("roles", name))
    _error_at("roles")


def _country(name: str) -> None:
    key = _key("country", name)
    names = country_names()
    codes = dict.fromkeys(["", *names, st.session_state[key]])
    st.selectbox(
        "Country that I may work in", list(codes), format_func=lambda code: names.get(code, code) or "any", key=key
    )
    _error_at("country")


def _facts(name: str) -> None:
    left, right = st.columns(2)
    with left:
        st.number_input("Pay a year, at least (US dollars; 0: any)", step=5_000, key=_key("pay_floor_usd", name))
        _error_at("pay_floor_usd")
        st.number_input("Jobs on my list, at most", step=10, key=_key("recommendations", name))
        _error_at("recommendations")
    with right:
        st.selectbox("Remote work", list(_REMOTE), format_func=_REMOTE.__getitem__, key=_key("remote", name))
        _error_at("remote")
        st.number_input("Jobs of one company, at most", step=1, key=_key("per_company", name))
        _error_at("per_company")
    st.text_input("E-mail address for new jobs, where [mail] of the settings has a host", key=_key("email", name))
    _error_at("email")
    st.text_input(
        "CV as a text file on this machine, read at each ranking while there are few labels", key=_key("cv", name)
    )
    _error_at("cv")


def _key(key: str, name: str) -> str:
    return f"wish-{key}-{name}"


def _shown(key: str, value: Any) -> Any:
    """A wish as its field shows it."""
    if key == "roles":
        return list(value)
    if key == "country":
        return value.upper()
    if isinstance(value, tuple):
        return "\n".join(value)
    return int(value) if isinstance(value, float) else value


def _meant(key: str, value: Any) -> Any:
    """A wish as its field says it; a number that was emptied is the default."""
    if key in _ONE_PER_LINE:
        return list(dict.fromkeys(" ".join(line.split()) for line in value.splitlines() if line.strip()))
    if key in {name for name, _, _ in _LISTS}:
        return listed(value.replace("\n", ","))
    if key in ("email", "cv"):
        return value.strip()
    return Profile.model_fields[key].default if value is None else value


def _save(name: str) -> None:
    """Write what was changed, so that the other lines of the person's file stay as they are."""
    saved = session.profile()
    shown = {key: st.session_state[_key(key, name)] for key in _FIELDS}
    changes = {key: _meant(key, value) for key, value in shown.items() if value != _shown(key, getattr(saved, key))}
    st.session_state.pop("profile_error", None)
    if not changes:
        st.session_state["profile_told"] = ("wishes", "Nothing was different from what is saved.")
        return
    _write(name, changes, "wishes")


def _write(name: str, changes: dict[str, Any], where: str) -> None:
    try:
        path = save_profile(session.settings(), name, changes)
    except ProfileError as error:
        st.session_state["profile_error"] = (_field(str(error)), str(error))
    else:
        st.session_state["profile_told"] = (where, f"Saved in {path}. The list follows when it is ranked anew.")


def _field(message: str) -> str:
    """The wish that an error is about; empty when it names none."""
    wishes = "|".join(Profile.model_fields)
    found = re.search(rf": (?:profiles\.[^.:]*\.)?({wishes})\b", message)
    return found[1] if found else ""


def _error_at(field: str) -> None:
    about, message = st.session_state.get("profile_error", (None, ""))
    if about == field:
        st.error("This was not saved.")
        st.text(message)


def _told(where: str) -> None:
    """What came of the last click, beside what was clicked."""
    about, words = st.session_state.get("profile_told", (None, ""))
    if about == where:
        del st.session_state["profile_told"]
        st.text(words)


def _rank(name: str) -> None:
    try:
        start(session.home(), ["train", "--profile", name, "--plain"])
    except AlreadyRunning as error:
        st.session_state["profile_told"] = ("wishes", str(error))


def _cv(name: str) -> None:
    st.header("Words from a CV")
    st.caption(
        "Its text is looked through on this machine and then forgotten: nothing of it is stored but the words that "
        "you choose."
    )
    turn = st.session_state.get("cv_turn", 0)
    uploaded = st.file_uploader(
        "A CV as a text file (.txt or .md)", ["txt", "md"], max_upload_size=_LARGEST_CV_MEGABYTES, key=f"cv_file_{turn}"
    )
    pasted = st.text_area("Or its text, pasted here", key=f"cv_text_{turn}", height=160)
    text = uploaded.getvalue().decode("utf-8", errors="replace") if uploaded is not None else ""
    text = f"{text}\n{pasted}".strip()
    if text:
        _choose_words(name, text, turn)
    _told("cv")


def _choose_words(name: str, text: str, turn: int) -> None:
    """Skills and title words of a CV; those chosen become words of the profile."""
    known = {word.casefold() for word in session.profile().keywords}
    skills = [mention.name for mention in find_skills(text)]
    new = [skill for skill in skills if skill.casefold() not in known]
    words = title_words(text, known | {part for skill in skills for part in skill.casefold().split()})
    if not new and not words:
        st.info("It names no skill that is not among your words already; you can still type words above.")
        return
    chosen = _choose("Skills that it names and your words do not", new, f"cv_skills_{turn}")
    chosen += _choose("Words of it that stand in some jobs' titles", words, f"cv_words_{turn}")
    st.button(
        f"add {len(chosen)} words to my profile" if chosen else "choose words to add",
        type="primary",
        on_click=_add_words,
        args=(name, chosen),
        disabled=not chosen,
        key="cv_add",
    )


def _choose(label: str, words: Sequence[str], key: str) -> list[str]:
    return list(st.pills(label, words, selection_mode="multi", key=key)) if words else []


def title_words(text: str, known: Collection[str]) -> list[str]:
    """Words of a text that tell jobs apart: a few titles hold them, the most frequent first."""
    store = session.lake()
    if not store.exists("postings"):
        return []
    own = set(_WORD.findall(text.lower())) - set(known)
    return [word for word in _telling_words(str(store.uri), session.version("postings")) if word in own][:_MOST_WORDS]


@st.cache_data(show_spinner=False, max_entries=2)
def _telling_words(uri: str, version: int) -> list[str]:
    """Words that some titles of the lake's postings hold, but few of them; `version` says when they may differ."""
    titles = session.table("postings", ["title"])["title"].dropna().str.lower()
    counts = titles.str.findall(_WORD).explode().value_counts()
    telling = (counts >= _FEWEST_TITLES) & (counts <= _LARGEST_SHARE * len(titles))
    return [str(word) for word in counts.index[telling]]


def _add_words(name: str, words: Sequence[str]) -> None:
    keywords = [*session.profile().keywords, *words]
    _write(name, {"keywords": keywords}, "cv")
    # The fields begin anew: with the words, and without the CV.
    st.session_state[_key("keywords", name)] = _shown("keywords", session.profile().keywords)
    st.session_state["cv_turn"] = st.session_state.get("cv_turn", 0) + 1


def _people(name: str) -> None:
    st.header("Several people")
    names = session.profile_names()
    st.caption(f"Each has wishes, labels and a model of their own. There {_count(names)}.")
    with st.form("create"):
        st.text_input("Name of a new profile", key="new_profile", help=PROFILE_NAME_WORDS)
        _error_at("new_profile")
        st.form_submit_button("Create", key="create_profile", on_click=_create)
    if len(names) < 2:
        st.caption("The last profile stays: create another before you delete it.")
    else:
        _confirm_delete(name)
    _error_at("delete")
    _told("people")


def _confirm_delete(name: str) -> None:
    # Another name makes another popover: one left open must not ask for the next profile.
    with st.popover(f"delete {name} …", icon=":material/delete:", key=f"delete-{name}"):
        st.write(
            f"The wishes of {name} are taken out of the settings file. Labels and models stay in the home, and count "
            "again for a new profile of this name."
        )
        sure = f"delete {name}, I am sure"
        st.button(sure, type="primary", on_click=_delete, args=(name,), key=f"delete-{name}-sure")


def _count(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"is one: {names[0]}"
    return f"are {len(names)}: {', '.join(names)}; the sidebar changes between them"


def _create() -> None:
    settings, name = session.settings(), st.session_state["new_profile"].strip()
    st.session_state.pop("profile_error", None)
    if name in settings.profiles:
        st.session_state["profile_error"] = ("new_profile", f"there is a profile {name!r} already")
        return
    try:
        # A file that names one profile has no others: those of the defaults are written as well.
        for known in settings.profiles:
            save_profile(settings, known, {})
        path = save_profile(settings, name, {})
    except ProfileError as error:
        st.session_state["profile_error"] = ("new_profile", str(error))
    else:
        st.session_state["new_profile"] = ""
        st.session_state["profile"] = name
        st.session_state["profile_told"] = (
            "people",
            f"{name} is created in {path}, and chosen: say above what to find.",
        )


def _delete(name: str) -> None:
    st.session_state.pop("profile_error", None)
    try:
        path = delete_profile(session.settings(), name)
    except ProfileError as error:
        st.session_state["profile_error"] = ("delete", str(error))
    else:
        st.session_state["profile"] = session.profile_names()[0]
        st.session_state["profile_told"] = ("people", f"{name} is taken out of {path}.")

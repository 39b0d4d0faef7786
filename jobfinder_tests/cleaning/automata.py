"""Whether every text that a regular expression finds holds one of some words: decided for all texts at once.

The expression becomes a nondeterministic automaton, the words one of Aho and Corasick; a path through both that meets
no word is a text that refutes it. What looks ahead or behind is left out, so that more texts are tried than there are.
"""

import re
import re._constants as ops
import re._parser as parser
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789 .,;:/-()\n%&#'’+!~"
_CATEGORIES = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_NOT_DIGIT: r"\D",
    ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_NOT_WORD: r"\W",
}


def found_without(pattern: re.Pattern[str], words: Collection[str]) -> str | None:
    """A text in lower case that `pattern` may find and that holds none of the words, or None where there is none."""
    characters = sorted({*_CHARACTERS, *pattern.pattern.lower(), *"".join(words)} - {"\\"})
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    automaton = _Automaton(characters)
    end = automaton.add(tree, automaton.state(), tree.state.flags)
    seeker = _Seeker(words)
    begin = _Place(0, 0, None, False)
    came: dict[_Place, tuple[_Place, str] | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        place = waiting.popleft()
        if place.state == end:
            return _text(place, came)
        for following, character in _steps(place, automaton, seeker):
            if following not in came:
                came[following] = place, character
                waiting.append(following)
    return None


class _Place(NamedTuple):
    """state, sought: of the two automata; in_word: whether the last character is one of a word, None at the beginning;
    at_boundary: the next one must differ."""

    state: int
    sought: int
    in_word: bool | None
    at_boundary: bool


def _steps(place: _Place, automaton: "_Automaton", seeker: "_Seeker") -> Iterable[tuple[_Place, str]]:
    for state, condition in automaton.free[place.state]:
        if condition in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING) and place.in_word is not None:
            continue
        at_boundary = place.at_boundary or condition is ops.AT_BOUNDARY
        yield place._replace(state=state, at_boundary=at_boundary), ""
    for characters, state in automaton.moves[place.state]:
        for character in characters:
            in_word = re.match(r"\w", character) is not None
            if place.at_boundary and in_word == bool(place.in_word):
                continue
            sought = seeker.step(place.sought, character)
            if not seeker.is_word[sought]:
                yield _Place(state, sought, in_word, False), character


def _text(place: _Place, came: dict[_Place, tuple[_Place, str] | None]) -> str:
    characters = []
    while (before := came[place]) is not None:
        place, character = before
        characters.append(character)
    return "".join(reversed(characters))


class _Automaton:
    """Of an expression, over a finite alphabet: `free` moves with their conditions, and `moves` by characters."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(characters)
        self.free: dict[int, list[tuple[int, Any]]] = defaultdict(list)
        self.moves: dict[int, list[tuple[frozenset[str], int]]] = defaultdict(list)
        self._states = 0

    def state(self) -> int:
        self._states += 1
        return self._states - 1

    def add(self, tree: Any, start: int, flags: int) -> int:
        """The state behind `tree`."""
        at = start
        for kind, value in tree:
            if kind in (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN):
                self.moves[at].append((self._class(kind, value, flags), behind := self.state()))
                at = behind
            elif kind is ops.BRANCH:
                ends = [self.add(one, self._freely(at), flags) for one in value[1]]
                at = self.state()
                for end in ends:
                    self.free[end].append((at, None))
            elif kind is ops.SUBPATTERN:
                at = self.add(value[3], at, (flags | value[1]) & ~value[2])
            elif kind in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
                at = self._repeat(value, at, flags)
            elif kind is ops.AT:
                self.free[at].append((behind := self.state(), value))
                at = behind
            else:
                assert kind in (ops.ASSERT, ops.ASSERT_NOT), kind
        return at

    def _freely(self, start: int) -> int:
        self.free[start].append((behind := self.state(), None))
        return behind

    def _repeat(self, value: Any, start: int, flags: int) -> int:
        least, most, tree = value
        at = start
        for _ in range(least):
            at = self.add(tree, at, flags)
        if most is ops.MAXREPEAT:
            again = self._freely(at)
            self.free[self.add(tree, again, flags)].append((again, None))
            return again
        end = self._freely(at)
        for _ in range(most - least):
            at = self.add(tree, at, flags)
            self.free[at].append((end, None))
        return end

    def _class(self, kind: Any, value: Any, flags: int) -> frozenset[str]:
        if kind is ops.IN:
            parts = [part for part in value if part[0] is not ops.NEGATE]
            inside = frozenset().union(*(self._class(*part, flags) for part in parts))
            return frozenset(self.characters) - inside if len(parts) < len(value) else inside
        if kind is ops.NOT_LITERAL:
            return frozenset(self.characters) - self._class(ops.LITERAL, value, flags)
        if kind is ops.CATEGORY:
            return frozenset(one for one in self.characters if re.match(_CATEGORIES[value], one))
        if kind is ops.ANY:
            return frozenset(self.characters) - {"\n"}
        low, high = value if kind is ops.RANGE else (value, value)
        cases = (str.lower, str.upper) if flags & re.IGNORECASE else (str,)
        return frozenset(
            one for one in self.characters if any(low <= ord(case(one)[0]) <= high for case in (str, *cases))
        )


class _Seeker:
    """Aho and Corasick's automaton of some words."""

    def __init__(self, words: Collection[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self.is_word = [False]
        for word in words:
            at = 0
            for character in word:
                if character not in self._next[at]:
                    self._next[at][character] = len(self._next)
                    self._next.append({})
                    self.is_word.append(False)
                at = self._next[at][character]
            self.is_word[at] = True
        self._shorter = [0] * len(self._next)
        waiting = deque(self._next[0].values())
        while waiting:
            at = waiting.popleft()
            for character, behind in self._next[at].items():
                waiting.append(behind)
                self._shorter[behind] = self.step(self._shorter[at], character)
                self.is_word[behind] |= self.is_word[self._shorter[behind]]

    def step(self, at: int, character: str) -> int:
        while at and character not in self._next[at]:
            at = self._shorter[at]
        return self._next[at].get(character, 0)

"""Words that no language has, distributed as those of a language are.

Mental model: a vocabulary is made of syllables; the more frequent a word, the shorter, and the word of
rank r comes up 1/r as often as the first (Zipf). That is what the size of an index depends on: how many
words there are, how long they are, and how many texts each is in.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

SIZE = 12_000
COMMONEST = 100  # words that belong to no theme
KEPT_OUT = frozenset({"budget", "quokka"})  # what searches look for is put in by its own measure
_FLAT = 2.7  # Mandelbrot's correction: the very first words are not that much ahead
_SLOPE = 1.03
_TRIES = 200


@dataclass(frozen=True)
class Script:
    """A vocabulary in the order of frequency, and how its words make sentences.

    ``density`` is how much a character says, next to one of English.
    """

    words: Sequence[str]
    weights: Sequence[float]
    space: str = " "
    comma: str = ", "
    stops: Sequence[str] = (". ", ". ", ". ", "? ", ".\n\n")
    density: float = 1.0

    @cached_property
    def commonest(self) -> frozenset[str]:
        """The words that every text has."""
        return frozenset(self.words[:COMMONEST])

    def draw(self, rng: random.Random, count: int) -> list[str]:
        """So many words, frequent ones more often."""
        return rng.choices(self.words, cum_weights=self.weights, k=count)


def _script(
    rng: random.Random, make: Callable[[random.Random, int], str], size: int = SIZE, **how: object
) -> Script:
    """A vocabulary of ``size`` different words; ``make`` makes one for a rank."""
    words: dict[str, None] = {}
    for rank in range(size):
        for _ in range(_TRIES):
            word = make(rng, rank)
            if word not in words and word not in KEPT_OUT:
                words[word] = None
                break
    weights = list(accumulate((rank + 1 + _FLAT) ** -_SLOPE for rank in range(len(words))))
    return Script(list(words), weights, **how)  # type: ignore[arg-type]


def _syllabic(
    onsets: str, vowels: str, codas: str, lengths: Sequence[int] = (1, 1, 2, 2)
) -> Callable[[random.Random, int], str]:
    """Words of syllables: ``lengths`` is how many the words up to rank 60, 900, 4,000 and beyond have."""
    first, middle, last = (part.split(",") for part in (onsets, vowels, codas))

    def make(rng: random.Random, rank: int) -> str:
        bare = rank < 40
        count = lengths[(rank >= 60) + (rank >= 900) + (rank >= 4_000)] + (rng.random() < 0.28 and not bare)
        ends = [""] if bare else last
        parts = [rng.choice(first) + rng.choice(middle) + rng.choice(ends) for _ in range(count)]
        return "".join(parts)

    return make


def _of(ranges: Sequence[tuple[int, int]], count: int, rng: random.Random) -> tuple[str, Sequence[float]]:
    """So many characters of these ranges, some of them much more frequent than others."""
    every = [chr(code) for low, high in ranges for code in range(low, high)]
    weights = list(accumulate((rank + 8.0) ** -0.9 for rank in range(count)))
    return "".join(rng.sample(every, count)), weights


def english(rng: random.Random) -> Script:
    """Latin letters, 4.7 of them to a word."""
    onsets = "b,c,d,f,g,h,l,m,n,p,r,s,t,w,th,st,tr,pr,ch,sh,cl,gr,,,,"
    make = _syllabic(onsets, "a,e,i,o,u,a,e,i,o,ea,ou,io", ",,,n,r,s,t,l,d,nt,ng,st")
    return _script(rng, make)


def german(rng: random.Random) -> Script:
    """Longer words, with letters that have marks."""
    onsets = "b,d,f,g,h,k,l,m,n,r,s,t,w,z,sch,st,br,gr,pf,ein,ver,be,ge,"
    make = _syllabic(onsets, "a,e,i,o,u,ä,ö,ü,ei,ie,au,e,e", ",n,n,r,s,t,ch,ß,ng,en")
    return _script(rng, make, density=0.9)


def russian(rng: random.Random) -> Script:
    """Cyrillic."""
    make = _syllabic("б,в,г,д,ж,з,к,л,м,н,п,р,с,т,х,ч,ст,пр,,", "а,е,и,о,у,ы,я,ю", ",,,н,т,й,л,ть,ст")
    return _script(rng, make, density=0.95)


def korean(rng: random.Random) -> Script:
    """Blocks of Hangul; words of one to four, spaces between them."""
    blocks, weights = _of([(0xAC00, 0xD7A4)], 700, rng)

    def make(rng: random.Random, rank: int) -> str:
        return "".join(rng.choices(blocks, cum_weights=weights, k=1 + (rank > 60) + rng.randrange(3)))

    return _script(rng, make, density=0.5)


def chinese(rng: random.Random) -> Script:
    """Han characters, words of one to three, nothing between them."""
    signs, weights = _of([(0x4E00, 0x9000)], 2_500, rng)

    def make(rng: random.Random, rank: int) -> str:
        return "".join(
            rng.choices(signs, cum_weights=weights, k=1 if rank < 120 else rng.choice((2, 2, 2, 3)))
        )

    return _script(rng, make, space="", comma="，", stops=("。", "。", "。", "？", "。\n"), density=0.35)


def japanese(rng: random.Random) -> Script:
    """Kanji, kana and particles, nothing between them."""
    kanji, weights = _of([(0x4E00, 0x9000)], 1_500, rng)
    hiragana = "のにはをたがでてとしれさあるいもすなっ"
    katakana = "アイウエオカキクケコサシスセソタチツテトナニネノハヒフホマミムメモヤユヨラリルレロンー"

    def make(rng: random.Random, rank: int) -> str:
        if rank < 60:
            return "".join(rng.choices(hiragana, k=1 + rank // 12 % 3))
        kind = rng.random()
        if kind < 0.15:
            return "".join(rng.choices(katakana, k=rng.randint(3, 6)))
        stem = "".join(rng.choices(kanji, cum_weights=weights, k=rng.choice((1, 2, 2, 2, 3))))
        return stem + "".join(rng.choices(hiragana, k=rng.choice((0, 0, 1, 2))))

    return _script(rng, make, space="", comma="、", stops=("。", "。", "。", "？", "。\n"), density=0.45)


def thai(rng: random.Random) -> Script:
    """Thai letters, words run together, a space where a phrase ends."""
    make = _syllabic("ก,ข,ค,ง,จ,ช,ด,ต,ท,น,บ,ป,พ,ม,ย,ร,ล,ว,ส,ห,อ", "า,ี,ิ,ู,ุ,ะ,ั,้า,่า,ำ", ",,น,ม,ง,ก,บ,ย")
    return _script(rng, make, space="", comma=" ", stops=(" ", " ", "\n"), density=0.9)


SCRIPTS: dict[str, Callable[[random.Random], Script]] = {
    "english": english,
    "german": german,
    "russian": russian,
    "korean": korean,
    "chinese": chinese,
    "japanese": japanese,
    "thai": thai,
}
MIX = {
    "english": 0.94,
    "german": 0.015,
    "japanese": 0.01,
    "chinese": 0.01,
    "russian": 0.01,
    "korean": 0.01,
    "thai": 0.005,
}

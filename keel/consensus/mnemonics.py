"""Mnemonics of BIP-39 as people write them down: upper case, short words, any spaces."""

import unicodedata
from difflib import get_close_matches
from functools import cache

from eth_account.hdaccount.mnemonic import VALID_WORD_COUNTS, Mnemonic
from eth_account.types import Language

from keel.errors import KeelError

_COUNTS = "12, 15, 18, 21 or 24"


class MnemonicError(KeelError):
    """Words that are no mnemonic; names the place at fault."""


def whole_mnemonic(text: str) -> str:
    """Return the mnemonic in lower case, with single spaces and whole words; MnemonicError.

    BIP-39's words differ in their first four letters, so that many do. The language is not asked
    for but found by words and checksum, since some words are in several lists.
    """
    words = unicodedata.normalize("NFKD", text).lower().split()
    if len(words) not in VALID_WORD_COUNTS:
        raise MnemonicError(f"the mnemonic has {len(words)} words, {_COUNTS} expected")
    written = " ".join(words)
    if any(each.is_mnemonic_valid(written) for each in _lists()):
        return written
    completed = ((each, _completed(each, words)) for each in _lists())
    fitting = {
        each.language: whole
        for each, whole in completed
        if whole is not None and each.is_mnemonic_valid(whole)
    }
    if len(set(fitting.values())) == 1:
        return next(iter(fitting.values()))
    if fitting:
        names = " and ".join(sorted(fitting))
        raise MnemonicError(f"the short words are those of {names}: write them out")
    raise _fault(words)


def _completed(language: Mnemonic, words: list[str]) -> str | None:
    """Make all words whole; None after the first that a language does not have."""
    whole = []
    for word in words:
        found = language.expand_word(word)
        if found not in language.wordlist:
            return None
        whole.append(found)
    return " ".join(whole)


@cache
def _lists() -> tuple[Mnemonic, ...]:
    """English first: it is what most people have, and what faults are explained by."""
    languages = sorted(Mnemonic.list_languages_enum(), key=lambda each: each != Language.ENGLISH)
    return tuple(Mnemonic(language) for language in languages)


def _fault(words: list[str]) -> MnemonicError:
    """Say what is wrong by the list that knows most of the words."""
    nearest = max(_lists(), key=lambda each: sum(_is_known(each, word) for word in words))
    for place, word in enumerate(words, 1):
        if not _is_known(nearest, word):
            return MnemonicError(_unknown(nearest, place, word))
    return MnemonicError(
        f"word {len(words)}, {words[-1]!r}, does not fit the others (checksum): "
        "it or another one is wrong, or they are out of order"
    )


def _is_known(words: Mnemonic, word: str) -> bool:
    return words.expand_word(word) in words.wordlist


def _unknown(words: Mnemonic, place: int, word: str) -> str:
    shown = f"word {place}, {word[:40]!r},"
    several = sum(each.startswith(word) for each in words.wordlist)
    if several:
        return f"{shown} begins {several} words of BIP-39's {words.language} list: write it out"
    close = get_close_matches(word[:40], words.wordlist, n=1, cutoff=0.75)
    hint = f"; {close[0]!r} is" if close else ""
    return f"{shown} is not in BIP-39's {words.language} list{hint}"

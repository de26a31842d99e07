"""Names of a town where many come from many places, drawn by Faker; a fixed seed gives the same town each time."""

from typing import cast

from faker import Faker
from faker.providers import BaseProvider

_FAMILY = [
    "Tan",
    "Lim",
    "Lee",
    "Ng",
    "Ong",
    "Wong",
    "Goh",
    "Chua",
    "Chan",
    "Koh",
    "Teo",
    "Ang",
    "Yeo",
    "Tay",
    "Ho",
    "Low",
    "Toh",
    "Sim",
    "Chong",
    "Chia",
    "Fong",
    "Chew",
    "Quek",
    "Seah",
]
_GIVEN = [
    "Wei Ling",
    "Mei Fen",
    "Jun Hao",
    "Hui Min",
    "Kok Leong",
    "Siew Hoon",
    "Boon Keng",
    "Jia Yi",
    "Xin Yi",
    "Zhi Hao",
    "Ah Seng",
    "Bee Lian",
    "Chin Wee",
    "Li Ting",
    "Yong Sheng",
    "Pei Shan",
    "Swee Kiat",
    "Wen Jie",
    "Yu Xuan",
    "Kah Hui",
    "Poh Choo",
    "Hock Chuan",
    "Shu Fen",
    "Kai Wen",
    "Mui Lan",
]
_MEN = [
    "Ahmad",
    "Muhammad",
    "Ismail",
    "Hafiz",
    "Faizal",
    "Rashid",
    "Zulkifli",
    "Azman",
    "Iskandar",
    "Firdaus",
    "Salleh",
    "Yusof",
    "Ibrahim",
    "Osman",
]
_WOMEN = [
    "Nur Aisyah",
    "Siti Hajar",
    "Farah",
    "Nurul Huda",
    "Zainab",
    "Rohana",
    "Aminah",
    "Khadijah",
    "Noraini",
    "Sharifah",
    "Hidayah",
    "Mastura",
]
_SHARES = (("chinese", 52), ("zh_CN", 18), ("malay", 14), ("en_IN", 10), ("en_GB", 6))
"""Of a hundred holders, about so many have names of each kind."""


class Town(BaseProvider):
    """Singapore's ways of writing Chinese and Malay names, which Faker has no locale for."""

    def chinese(self) -> str:
        """A family name before a given name, in Latin letters."""
        return f"{self.random_element(_FAMILY)} {self.random_element(_GIVEN)}"

    def malay(self) -> str:
        """A given name and the father's."""
        if self.random_int(0, 1):
            return f"{self.random_element(_MEN)} bin {self.random_element(_MEN)}"
        return f"{self.random_element(_WOMEN)} binte {self.random_element(_MEN)}"


class Names:
    """Names one after another, always in the same order for the same seed."""

    def __init__(self, seed: int) -> None:
        self._faker = Faker(["zh_CN", "en_IN", "en_GB"])
        self._faker.seed_instance(seed)
        self._town = Town(self._faker["en_GB"])
        self._kinds = [kind for kind, share in _SHARES for _ in range(share)]

    def one(self) -> str:
        """Return the next name."""
        kind = str(self._town.random_element(self._kinds))
        if kind in {"chinese", "malay"}:
            return cast("str", getattr(self._town, kind)())
        local = self._faker[kind]
        if kind == "zh_CN":
            return str(local.name())
        return f"{local.first_name()} {local.last_name()}"

    def number(self, least: int, most: int) -> int:
        """Return a number from ``least`` to ``most``."""
        return int(self._town.random_int(least, most))

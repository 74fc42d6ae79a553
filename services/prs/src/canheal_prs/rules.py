"""The numbers of `rules.toml`, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Rules:
    version: str
    min_matched_share: float
    frequency_distance: float
    cohort_samples: int
    sex_words: dict[str, tuple[str, ...]]
    """Words of a trait's name, by the sex that the trait speaks about."""


@cache
def rules() -> Rules:
    table = tomllib.loads(files("canheal_prs").joinpath("rules.toml").read_text(encoding="utf-8"))
    return Rules(
        version=table["version"],
        min_matched_share=table["matching"]["min_matched_share"],
        frequency_distance=table["matching"]["frequency_distance"],
        cohort_samples=table["matching"]["cohort_samples"],
        sex_words={row["sex"]: tuple(row["words"]) for row in table["sex_specific"]},
    )

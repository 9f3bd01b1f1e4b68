"""Rule-made texts that are not biomedical: they name nothing that is to be found.

Capitalised abbreviations, single letters, numbers, names of people and things stand where a gene, a chemical or a variant could.
The held-out texts of training/contrast/out_of_domain.jsonl share no sentence with them.
"""

from __future__ import annotations

import random
import re

from litcoin_batch.schema import Annotation, Document
from training.data.made.contrast_documents import SOURCE
from training.data.made.contrast_names import LETTERS

FIRST_PMID = 950_000_000
_SLOT = re.compile(r"\{(\w+)\}")

TITLES = (
    "Measurements with the {ABBR}{n} instrument", "Ruling {n} of the {place} court", "A guide to {place}", "Season report: {place} {n}", "Release notes for version {n}.{n}",
    "On the theory of {L}-spaces", "Annual report of {name} & {name}", "The history of {place}, 1{n}{n}", "How we bake bread", "Design of the {ABBR}-{n} bridge", "Notes on the {ABBR} protocol", "",
)  # fmt: skip
SENTENCES = {
    "physics": (
        "The {ABBR} detector recorded {n} events at an energy of {n} GeV.", "A laser beam of {n} nm was split by mirror {L} and sent through a fibre.", "The mass of the particle {L} was measured as {n}.{n} MeV.",
        "Figure {n}{L} shows the field strength B as a function of the current I.", "Simulations with {ABBR}{n} agree with the data to within {n} percent.", "The temperature T of the sample was kept below {n} K.",
        "We derive the equation for the phase {L} of a wave in a medium of index n.", "The telescope {ABBR}-{n} was built by {name} in {place}.", "Galaxy {ABBR} {n} lies {n} light years away.", "The noise of amplifier {L}{n} dominates above {n} Hz.",
    ),
    "law": (
        "The court of {place} held that section {n}({L}) of the act did not apply.", "Counsel for {name} argued that the contract was void.", "Under article {n} of the treaty, member states must notify the {ABBR}.",
        "The appeal of {name} against {name} was dismissed with costs.", "Judge {name} found no evidence that clause {L} had been breached.", "The tenant paid rent of {n} a month until the lease expired.", "The {ABBR} regulation of 20{n} came into force in {place}.",
    ),
    "sports": (
        "{place} beat {place} by {n} goals to {n} in the final.", "{name} scored twice in the second half.", "The team finished group {L} with {n} points.", "Coach {name} signed a contract for {n} years.",
        "The {ABBR} announced a new format for the season.", "Runner {n} crossed the line after {n} minutes.", "Class {L}{n} boats start at noon.", "In the {n}th round, {name} lost to {name} on points.",
    ),
    "cooking": (
        "Knead the dough for {n} minutes and let it rest in a warm place.", "Serve the soup with toasted bread and a glass of cider.", "Preheat the oven to {n} degrees.", "Chop the vegetables, add a spoon of stock and stir until soft.",
        "The restaurant {name} in {place} offers {n} dishes.", "This recipe makes {n} servings.", "Cover the pot with a lid and simmer for {n} minutes.",
    ),
    "software": (
        "Version {n}.{n} of {ABBR} fixes a memory leak in module {L}.", "The function takes two arguments, x and y, and returns a list.", "Run the {ABBR} server on port {n}.", "Users reported that the {ABBR}{n} driver crashed on start.",
        "The class {L} inherits from {ABBR} and overrides one method.", "Commit {L}{n}{L}{n} was reverted by {name}.", "The {ABBR} file format stores a header of {n} bytes.", "Requests are queued until a worker is free, at most {n} at a time.", "Set the flag -{L} to print the version.",
    ),
    "finance": (
        "Shares of {name} {ABBR} rose by {n} percent in {place}.", "The bank lowered its forecast for the {n}th quarter.", "Revenue increased to {n} million, while costs were reduced.", "The {ABBR} index fell below {n} points.",
        "Inflation was associated with higher interest rates in {place}.", "Series {L} bonds mature in 20{n}.", "The merger of {name} and {name} was approved by the {ABBR}.",
    ),
    "tourism": (
        "The old town of {place} has {n} churches and a market square.", "Bus {n} leaves for {place} every {n} minutes.", "Hotel {name} is {n} km from the beach.", "From platform {L} trains run to {place}.", "The museum in {place} shows paintings by {name}.", "Tickets cost {n} for adults.",
    ),
    "history": (
        "In 1{n}{n}, {name} became mayor of {place}.", "The treaty of {place} ended a war of {n} years.", "King {name} {RN} moved his court to {place}.", "The archive holds {n} letters from {name} to {name}.", "The {RN}th legion was stationed near {place}.", "The tower was built by {name} and destroyed by fire.",
    ),
    "engineering": (
        "The {ABBR}{n} engine delivers {n} kW at {n} rpm.", "Beam {L}{n} carries a load of {n} kN.", "Cable type {ABBR}-{n} was tested in tunnel {L}.", "The motor is controlled by a {ABBR} board made by {name}.", "Valve {L} was closed and the pump {ABBR}{n} switched off.",
        "A {ABBR} sensor was mounted on the wing of aircraft {L}{n}.", "The bridge in {place} was closed for {n} weeks.", "Sample {L}{n} was scanned with a {name} {ABBR}-{n} spectrometer.",
    ),
    "mathematics": (
        "Let G be a group and let {L} be a subgroup of index {n}.", "Theorem {n} states that every {L}-module is free.", "The proof is due to {name} and {name}.", "We denote by C the set of all curves of degree {n}.", "The matrix A has {n} rows and rank {n}.", "If p is a prime and x > {n}, the sum converges.",
    ),
    "society": (
        "The survey was sent to {n} households in {place}.", "Students of class {n}{L} visited the parliament.", "The {ABBR} party won {n} seats.", "{name} teaches music at a school in {place}.", "The orchestra played works by {name} and {name}.", "Interviews were analysed with the software {ABBR} {n}.",
        "Teachers were more satisfied than in {place}, but no association with income was found.", "The city council reduced noise by banning cars from street {L}.",
    ),
}  # fmt: skip
_NAMES = "Miller Novak Rossi Tanaka Olsen Garcia Dubois Kowalski Schmidt Ivanova Singh Okafor Larsen Moreau Fischer Costa Nguyen Haddad Weber Lindqvist".split()
_PLACES = "Vienna Porto Lyon Oslo Kyoto Lima Bern Gdansk Turin Leeds Quito Hanoi Graz Utrecht Cork Izmir Split Bergen Dresden Tampere".split()


def plain_documents(n: int, seed: int) -> list[Document]:
    """``n`` documents without any mention, three to nine sentences of one or two domains each."""
    return [_document(random.Random(f"plain:{seed}:{i}"), FIRST_PMID + i) for i in range(n)]


def _document(rng: random.Random, pmid: int) -> Document:
    pool = [text for domain in rng.sample(sorted(SENTENCES), rng.choice((1, 1, 2))) for text in SENTENCES[domain]]
    abbreviation = _abbreviation(rng)
    title = _fill(rng.choice(TITLES), abbreviation, rng)
    sentences = rng.sample(pool, min(len(pool), rng.randint(3, 9)))
    abstract = " ".join(_fill(text, abbreviation, rng) for text in sentences)
    return Document(pmid, title or None, abstract, SOURCE, 1, gold=Annotation(pmid))


def _fill(text: str, abbreviation: str, rng: random.Random) -> str:
    makers = {
        "ABBR": lambda: abbreviation if rng.random() < 0.5 else _abbreviation(rng),
        "L": lambda: rng.choice(LETTERS),
        "n": lambda: str(rng.choice((rng.randint(2, 99), rng.randint(10, 99)))),
        "name": lambda: rng.choice(_NAMES),
        "place": lambda: rng.choice(_PLACES),
        "RN": lambda: rng.choice(("II", "III", "IV", "V", "VI", "IX", "XII")),
    }
    return _SLOT.sub(lambda m: makers[m[1]](), text)


def _abbreviation(rng: random.Random) -> str:
    return "".join(rng.choices(LETTERS, k=rng.choice((2, 3, 3, 4, 5)))) + rng.choice(("", "", "", "-1", "2", "S"))

"""Sentences for rule-made documents: what stands in them decides which relation holds.

``<A>``, ``<B>``, ``<C>`` entities; ``<o>`` the document's organism, ``<l>`` a cell line, ``<g>``, ``<d>``, ``<c>`` a gene, disease, chemical that is related to nothing; ``[x|y]`` one of them; ``{NAME}`` a word of
``BANKS[NAME]`` of the sign that the clause is drawn with: +1 up or cause, -1 down or treat, 0 denied.
A clause is a finding in the past tense that may stand alone or behind "that" and "whether".
Labels follow BioRED's guidelines (Luo et al. 2022): the sign of A upon B; a treated disease is a negative correlation, a caused one
a positive; what is denied or merely asked is no relation.
"""

from __future__ import annotations

from dataclasses import dataclass

BANKS: dict[str, dict[int, tuple[str, ...]]] = {
    "V": {
        1: ("increased", "raised", "elevated", "enhanced", "induced", "stimulated", "upregulated", "up-regulated", "promoted", "augmented", "activated", "restored", "triggered", "led to an increase in", "resulted in higher", "was able to increase", "significantly increased", "positively regulated", "increases", "induces", "upregulates", "enhances", "stimulates", "activates", "is able to increase", "doubled", "tripled", "facilitated", "reinforced", "reactivated", "evoked", "elicited", "rescued", "recovered", "expanded", "transactivated", "hyperactivated", "magnified", "sustained", "prolonged", "prompted", "ramped up", "exaggerated", "markedly increased", "strongly induced", "slightly raised", "leads to higher", "results in an increase of", "was essential for", "was needed for", "enriched", "maximized", "elevates", "raises", "promotes", "triggers", "restores", "augments", "facilitates", "was shown to increase", "caused a rise of", "has been shown to upregulate"),
        -1: ("decreased", "reduced", "lowered", "suppressed", "inhibited", "downregulated", "down-regulated", "attenuated", "diminished", "repressed", "blocked", "abolished", "impaired", "led to a decrease in", "resulted in lower", "was able to reduce", "significantly inhibited", "negatively regulated", "prevented", "decreases", "reduces", "downregulates", "inhibits", "suppresses", "blocks", "hindered", "hampered", "disrupted", "eliminated", "counteracted", "neutralized", "minimized", "mitigated", "lessened", "interfered with", "compromised", "abrogated", "arrested", "negated", "nullified", "opposed", "obstructed", "depressed", "deactivated", "stifled", "subdued", "removed", "erased", "limited", "restricted", "eroded", "transrepressed", "markedly decreased", "strongly inhibited", "slightly lowered", "leads to lower", "results in a decrease of", "lowers", "attenuates", "diminishes", "represses", "abolishes", "impairs", "downmodulated", "was shown to reduce", "caused a fall of", "has been shown to downregulate"),
        0: ("did not affect", "did not change", "had no effect on", "failed to increase", "failed to reduce", "did not alter", "had no influence on", "neither increased nor decreased", "did not induce", "did not inhibit", "showed no effect on", "did not significantly change", "was unable to modify", "lacked any effect on", "does not affect", "does not increase", "does not inhibit", "has no effect on", "fails to induce", "did not increase", "did not decrease", "did not activate", "did not reduce", "did not lead to a change in", "did not result in a change of", "exerted no influence on", "produced no change in", "was not sufficient to change", "did not modulate", "did not upregulate", "did not downregulate", "did not stimulate", "did not suppress", "cannot induce", "was not able to inhibit", "does not upregulate", "does not reduce", "never changed", "no longer affected", "had no significant effect on", "did not elevate", "did not lower", "does not alter", "was ineffective on"),
    },
    "P": {
        1: ("increased", "elevated", "upregulated", "induced", "enhanced", "markedly raised", "strongly stimulated", "activated", "doubled", "restored", "reactivated", "evoked", "elicited", "enriched", "significantly increased", "strongly upregulated", "rescued"),
        -1: ("decreased", "reduced", "downregulated", "suppressed", "inhibited", "markedly lowered", "strongly diminished", "repressed", "abolished", "attenuated", "impaired", "lowered", "eliminated", "abrogated", "hindered", "significantly reduced", "strongly downregulated", "blocked"),
        0: ("not affected", "not altered", "not changed", "unaffected", "not significantly changed", "neither induced nor suppressed", "not induced", "not inhibited", "not modified", "not increased", "not decreased", "not reduced", "not upregulated"),
    },
    "I": {
        1: ("rose", "increased", "went up", "were increased", "doubled", "became higher", "were significantly elevated"),
        -1: ("fell", "decreased", "declined", "dropped", "were decreased", "became lower", "were significantly reduced"),
        0: ("did not change", "remained stable", "were not altered", "stayed the same", "did not differ", "were similar before and"),
    },
    "N": {
        1: ("an increase", "a rise", "an elevation", "an upregulation", "an enhancement", "a significant induction"),
        -1: ("a decrease", "a reduction", "a decline", "a downregulation", "an inhibition", "a significant suppression"),
        0: ("no change", "no difference", "no alteration", "no significant increase", "no significant decrease"),
    },
    "ADJ": {
        1: ("higher", "increased", "elevated", "significantly higher", "raised"),
        -1: ("lower", "decreased", "reduced", "significantly lower", "diminished"),
        0: ("unchanged", "similar", "comparable", "not different", "normal and unchanged"),
    },
    "EFFECT": {
        1: ("an agonist", "an activator", "a potent agonist", "a selective activator", "an inducer", "a partial agonist"),
        -1: ("an antagonist", "an inhibitor", "a potent inhibitor", "a selective antagonist", "a blocker", "an inverse agonist"),
        0: ("not a ligand", "neither an agonist nor an antagonist", "not an inhibitor", "not an activator"),
    },
    "T": {
        1: ("caused", "induced", "provoked", "produced", "led to", "worsened", "aggravated", "triggered", "was followed by", "was responsible for", "exacerbated", "increased the risk of", "resulted in", "causes", "induces", "can cause", "leads to", "increases the risk of", "elicited", "evoked", "promoted", "initiated", "generated", "was the cause of", "was complicated by", "produced severe", "was toxic and led to", "was associated with the onset of", "contributed to", "accounted for", "is responsible for", "worsens", "aggravates", "provokes", "triggers", "promotes", "can lead to", "was implicated as the cause of"),
        -1: ("alleviated", "improved", "ameliorated", "relieved", "attenuated", "prevented", "reduced", "protected against", "was effective against", "was beneficial in", "cured", "controlled", "decreased the incidence of", "successfully treated", "inhibited the development of", "alleviates", "improves", "prevents", "protects against", "is effective against", "reduces", "mitigated", "lessened", "counteracted", "abolished", "suppressed", "diminished", "remedied", "reversed", "corrected", "abrogated", "was an effective therapy for", "was used to treat", "is indicated for", "decreased", "arrested", "delayed the onset of", "lowered the severity of", "rescued", "treats", "relieves", "ameliorates", "attenuates", "suppresses", "was superior to placebo in", "is used in the treatment of", "is an effective treatment for"),
        0: ("did not cause", "did not prevent", "was not effective against", "had no effect on", "failed to improve", "was not associated with", "did not influence", "was of no benefit in", "did not increase the risk of", "showed no association with", "did not induce", "was independent of", "does not cause", "does not prevent", "is not associated with", "has no effect on", "did not reduce", "did not protect against", "did not lead to", "did not result in", "did not ameliorate", "did not alleviate", "did not worsen", "did not affect", "was not the cause of", "was unable to relieve", "was no better than placebo in", "does not improve", "does not induce", "was not beneficial in", "did not trigger", "did not reverse", "had no influence on", "is not used in", "has no role in"),
    },
    "AS": {
        1: ("was associated with", "was linked to", "was strongly associated with", "was significantly related to", "was implicated in", "contributed to", "was involved in", "played a role in", "was a marker of", "correlated with", "is associated with", "is linked to", "is implicated in", "plays a role in", "contributes to", "predicted", "was predictive of", "characterized", "was a feature of", "was relevant to", "participated in", "was a determinant of", "was mutated in", "was found to be associated with", "is involved in", "is a risk factor for", "is essential for", "was important for", "correlates with", "was critical in", "is related to"),
        0: ("was not associated with", "showed no association with", "was not linked to", "was not related to", "played no role in", "was not involved in", "lacked association with", "did not contribute to", "did not correlate with", "was independent of", "was ruled out as a cause of", "is not associated with", "is not linked to", "plays no role in", "is not implicated in", "does not contribute to", "was not predictive of", "did not predict", "was not a feature of", "had no role in", "did not participate in", "was not relevant to", "did not influence", "was not found to be associated with", "is not involved in", "is not a risk factor for", "was not mutated in", "does not correlate with", "is not related to", "was not important for", "is not linked with"),
    },
    "RISK": {
        1: ("increased the risk of", "conferred susceptibility to", "was a cause of", "was pathogenic for", "caused", "was associated with an increased risk of", "predisposed to", "was a risk factor for", "led to", "is a cause of", "increases the risk of", "causes", "confers a higher risk of", "was causative for", "contributed to", "was responsible for", "is associated with a higher risk of", "is a risk allele for", "is pathogenic in", "was a susceptibility allele for", "was linked to", "results in"),
        -1: ("protected against", "decreased the risk of", "was protective against", "was associated with a reduced risk of", "lowered the susceptibility to", "protects against", "reduces the risk of", "was associated with a lower risk of", "reduced the susceptibility to", "is protective against", "decreased the incidence of", "delayed the onset of"),
        0: ("was not associated with", "did not increase the risk of", "showed no association with", "did not affect the risk of", "was not a cause of", "was as frequent in controls as in", "was excluded as a cause of", "is not associated with", "does not increase the risk of", "is not a cause of", "did not contribute to", "is not a risk factor for", "was not linked to", "does not cause", "was not pathogenic for", "did not confer susceptibility to", "showed no linkage with", "does not affect the risk of"),
    },
    "FOUND": {
        1: ("a predictor", "a significant factor", "strongly implicated", "a frequent finding", "an independent risk factor"),
        0: ("not a predictor", "not a significant factor", "not implicated", "never found", "excluded as a factor"),
    },
    "BINDS": {
        1: ("bound to", "interacted with", "bound directly to", "formed a complex with", "physically interacted with", "associated physically with", "was co-immunoprecipitated with", "binds to", "interacts with", "binds directly to", "was bound by", "binds strongly to", "associates with", "was recruited by", "forms a complex with", "physically associates with"),
        0: ("did not bind to", "did not interact with", "failed to bind", "was unable to interact with", "showed no binding to", "did not form a complex with", "does not bind to", "does not interact with", "was not bound by", "cannot bind to", "does not associate with", "fails to interact with"),
    },
    "CONVERTS": {
        1: ("was converted to", "was metabolized to", "was transformed into", "was hydrolyzed to", "was oxidized to"),
        0: ("was not converted to", "was not metabolized to", "failed to be transformed into"),
    },
    "DDI": {
        1: ("increased the plasma concentrations of", "reduced the clearance of", "interacted with", "altered the pharmacokinetics of", "potentiated the toxicity of"),
        0: ("did not alter the pharmacokinetics of", "did not interact with", "had no effect on the clearance of", "did not change the plasma concentrations of"),
    },
    "DENIES": {0: ("no", "no significant", "no evidence of an", "a lack of"), 1: ("a", "a significant", "evidence of an", "a strong")},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """``kinds``: of A, B (see ``contrast_names.KINDS``), C where the text has one; ``sign`` times the drawn one is that of the relation.

    ``labels``: of the relation at sign +1 and -1, None where the clause has no such form. ``acts``: the subject, "-" where there is none.
    """

    kind: str
    kinds: str
    text: str
    sign: int = 1
    labels: tuple[str | None, str | None] = ("Positive_Correlation", "Negative_Correlation")
    acts: str = "A"

    def signs(self) -> tuple[int, ...]:
        return (*tuple(s for s in (1, -1) if self.labels[0 if s * self.sign > 0 else 1]), 0)

    def label(self, drawn: int) -> str | None:
        return None if not drawn else self.labels[0 if drawn * self.sign > 0 else 1]


def _all(kind: str, kinds: tuple[str, ...], texts: tuple[str, ...], **rest) -> list[Clause]:
    return [Clause(kind, k, text, **rest) for text in texts for k in kinds]


_LOSS = "[loss|silencing|knockdown|depletion|deletion|deficiency|knockout|siRNA-mediated knockdown]"
_ASSOCIATION = ("Association", None)

CLAUSES: tuple[Clause, ...] = tuple(
    _all("up/down", ("cg", "cg", "gg"), (
        "<A> {V} the [expression|activity|secretion|phosphorylation|transcription] of <B>",
        "<A> {V} <B> [expression|mRNA levels|protein levels|activity|production]",
        "the expression of <B> was {P} by <A>",
        "<B> [levels|expression|activity] was {P} in [cells|<l> cells|<o>] [exposed to|treated with|incubated with] <A>",
        "[serum|plasma|tissue] levels of <B> {I} after [<A>|administration of <A>|addition of <A>|injection of <A>]",
        "<A> [caused|produced|led to] {N} in <B> [levels|expression|activity]",
        "[exposure to|stimulation with] <A> resulted in {N} of <B> expression",
        "<B> concentrations were {ADJ} in <o> [given|treated with|receiving] <A> than in controls",
        "in [<l>|cultured] cells, <A> {V} <B>",
        "{N} of <B> [was seen|was observed|was found] after [treatment with|addition of] <A>",
        "<A>-treated [cells|<o>] [had|showed] {ADJ} <B> [levels|expression|activity]",
        "[upon|following|within hours of] <A> [treatment|exposure|stimulation], <B> [levels|concentrations] {I}",
        "<B> [levels|mRNA levels|concentrations] were {ADJ} in the presence of <A>",
        "<A> was [followed by|accompanied by] {N} in <B> [levels|activity|expression]",
        "<B> [activity|expression|secretion] was {P} [when|once] <A> was added",
        "the addition of <A> {V} the [amount|production|activation] of <B>",
        "[an effect|the effect] of <A> was {N} in <B> [synthesis|expression]",
    ))
    + _all("knockout", ("gg",), (
        f"{_LOSS} of <A> {{V}} the expression of <B>",
        f"{_LOSS} of <A> in <l> cells {{V}} <B> [levels|activity|mRNA]",
        "<B> was {P} in [cells|<o>|tissues] lacking <A>",
        "the absence of <A> [caused|led to] {N} in <B> [levels|expression]",
        "<B> levels were {ADJ} in <A>-[deficient|null] <o>",
        "without <A>, the expression of <B> was {P}",
        "<A> siRNA {V} <B> in <l> cells",
        "in <A>-[deficient|null|knockout] [<o>|cells|animals], <B> [levels|expression|activity] was {P}",
        "[cells|<o>|mutants] [without|deficient in|devoid of] <A> [had|showed] {ADJ} <B> [levels|activity]",
        "[genetic ablation|disruption|targeted inactivation|inhibition|blockade|neutralization] of <A> {V} <B> [levels|expression|activity]",
        "<B> [levels|transcripts] {I} [after|upon|following] [knockdown|silencing|deletion|inhibition|depletion] of <A>",
        "when <A> was [silenced|knocked down|deleted|inhibited|blocked], <B> [levels|transcripts] {I}",
        "{N} in <B> was [seen|found] in [cells|<o>] [lacking|without|depleted of] <A>",
        "disruption of <A> [caused|led to|was followed by] {N} in <B> [levels|expression]",
        "antibodies against <A> {V} <B> [levels|activity|release]",
    ), sign=-1)
    + _all("overexpression", ("gg",), (
        "[overexpression|ectopic expression|forced expression|transfection|upregulation] of <A> {V} <B> [levels|expression|activity]",
        "<B> was {P} in [<l> cells|<o>] overexpressing <A>",
        "<A> transgenic <o> had {ADJ} <B> [levels|activity]",
        "<B> [levels|transcripts] {I} in cells [transfected with|that overexpressed|with excess of] <A>",
        "[restoration|re-expression|gain] of <A> {V} <B> [levels|expression|activity]",
    ))
    + _all("agonist", ("cg",), (
        "<A> was {EFFECT} of <B>",
        "<A> [acted as|behaved as|turned out to be] {EFFECT} of <B>",
        "the [compound|drug] <A>, which was {EFFECT} of <B>, was given to <o>",
        "<A> [is|was found to be|was identified as|proved to be|is known as] {EFFECT} of <B>",
        "as {EFFECT} of <B>, <A> was [tested|used] in <o>",
        "[binding assays|functional assays] showed <A> to be {EFFECT} of <B>",
    ))
    + _all("cause/treat", ("cd",), (
        "<A> {T} <B> in <o>",
        "<A> {T} <B>",
        "treatment with <A> {T} <B>",
        "[long-term use|administration|infusion|a single dose] of <A> {T} <B> in <o>",
        "the [incidence|severity|frequency] of <B> was {ADJ} in <o> [receiving|treated with] <A>",
        "[the risk|the rate] of <B> was {P} by <A>",
        "the symptoms of <B> {I} after <A>",
        "there were {ADJ} rates of <B> [after|during] treatment with <A>",
    ))
    + _all("cause/treat", ("cd",), (
        "<B> [developed|occurred|appeared] in <o> [during treatment with|receiving|taking] <A>",
        "<o> [developed|experienced] <B> after [receiving|taking|injection of] <A>",
        "<A>-induced <B> was [seen|reported|observed] in <o>",
        "<B> was a [side effect|adverse effect|complication] of <A>",
    ), labels=("Positive_Correlation", None))
    + _all("cause/treat", ("cd",), (
        "<o> with <B> responded [well |]to <A>",
        "<A> was [effective|beneficial|useful|safe and effective] in the treatment of <B>",
        "<B> resolved [under|after|with] <A>",
        "<A> provided relief of <B> in <o>",
    ), sign=-1, labels=(None, "Negative_Correlation"))
    + _all("gene-disease", ("gd", "gd", "vd"), (
        "<A> {AS} <B>",
        "<A> {AS} <B> in <o>",
        "<A> {AS} the [development|progression|severity|pathogenesis] of <B>",
        "there was {DENIES} association between <A> and <B>",
        "<A> was {FOUND} in <o> with <B>",
    ), labels=_ASSOCIATION)
    + _all("gene-disease", ("gd",), (
        "[overexpression|activation|high expression] of <A> {T} <B>",
        "<A> expression was {ADJ} in <B> than in normal tissue",
        "the levels of <A> were {P} in <o> with <B>",
        "serum <A> levels were {ADJ} in <o> with <B>",
    ))
    + _all("gene-disease", ("gd",), (
        f"{_LOSS} of <A> {{T}} <B>",
        "<A>-[deficient|null] <o> had {ADJ} [rates|severity] of <B>",
        "[inhibition|blockade|genetic ablation|neutralization] of <A> {T} <B>",
        "in [<o>|animals] [lacking|without|deficient in] <A>, the [severity|incidence|frequency] of <B> was {ADJ}",
        "the [rate|severity] of <B> was {P} when <A> was [silenced|deleted|blocked|inhibited]",
    ), sign=-1)
    + _all("variant", ("vd",), (
        "<A> {RISK} <B>",
        "the <A> [variant|mutation|polymorphism] {RISK} <B>",
        "carriers of <A> had {ADJ} risk of <B>",
        "the [frequency|prevalence] of <A> was {ADJ} in <o> with <B> than in controls",
        "the mutation <A> in <C> {RISK} <B>",
    ))
    + _all("variant", ("vc",), (
        "the response to <B> was {ADJ} in <o> carrying <A>",
        "sensitivity to <B> was {P} by the <A> mutation",
    ))
    + _all("binding", ("gg", "cg"), (
        "<A> {BINDS} <B>",
        "<A> {BINDS} <B> in <l> cells",
        "<A> {BINDS} the [promoter|C-terminal domain|active site] of <B>",
    ), labels=("Bind", None), acts="-")
    + _all("chemical pair", ("cc",), (
        "<A> {V} <B> [levels|release|uptake|concentrations]",
        "the release of <B> was {P} by <A>",
        "{N} in <B> levels was seen after <A>",
    ))
    + _all("conversion", ("cc",), (
        "<A> {CONVERTS} <B>",
        "<A> {CONVERTS} <B> by <C>",
    ), labels=("Conversion", None))
    + _all("drug interaction", ("cc",), (
        "<A> {DDI} <B>",
        "<A> {DDI} <B> in <o>",
    ), labels=("Drug_Interaction", None), acts="-")
)  # fmt: skip


# Clauses of three entities: no sign is drawn, all relations are listed as "A B Type subject".
@dataclass(frozen=True, slots=True)
class Scene:
    """A clause of three entities."""

    kind: str
    kinds: str
    text: str
    relations: tuple[str, ...]


_TREATS = ("A C Negative_Correlation A", "B C Negative_Correlation B")
_UP, _DOWN = "Positive_Correlation", "Negative_Correlation"
SCENES: tuple[Scene, ...] = tuple(
    [Scene("cotreatment", "ccd", text, ("A B Cotreatment -", *_TREATS)) for text in (
        "<A> combined with <B> improved <C>",
        "the combination of <A> and <B> was effective in <o> with <C>",
        "<A> plus <B> reduced <C> in <o>",
        "co-administration of <A> and <B> prevented <C>",
        "<o> with <C> were successfully treated with <A> together with <B>",
    )]
    + [Scene("cotreatment", "ccg", text, ("A B Cotreatment -", f"A C {_DOWN} A", f"B C {_DOWN} B")) for text in (
        "<A> in combination with <B> suppressed <C> expression",
        "combined treatment with <A> and <B> lowered <C> levels",
    )]
    + [Scene("comparison", "ccd", text, ("A B Comparison -", *_TREATS)) for text in (
        "<A> was more effective than <B> against <C>",
        "<A> relieved <C> better than <B>",
        "<A> and <B> were compared in <o> with <C>, and both reduced it to the same extent",
        "compared with <B>, <A> led to a faster relief of <C>, although <B> helped as well",
        "there was no difference between <A> and <B> in the relief of <C>",
        "<A> was as effective as <B> in the treatment of <C>",
        "<A> and <B> were equally effective against <C>",
        "<A> was superior to <B> in <o> with <C>, who improved with both",
        "the response of <C> to <A> was better than that to <B>",
        "<o> with <C> received <A> or <B>, and <C> improved more with <A>",
    )]
    + [Scene("comparison", "ccd", text, ("A B Comparison -", f"A C {_UP} A", f"B C {_UP} B")) for text in (
        "<A> caused less <C> than <B>",
        "<C> was more frequent with <A> than with <B>",
        "<C> was less frequent under <A> than under <B>",
        "the rates of <C> caused by <A> and by <B> did not differ",
        "<A> was better tolerated than <B>, with fewer cases of <C>",
        "<A> produced <C> as often as <B>",
    )]
    + [Scene("comparison", "ccd", text, ("A B Comparison -", f"A C {_DOWN} A")) for text in (
        "<A>, compared with <B>, reduced <C>, whereas <B> did not",
        "<A> but not <B> was effective against <C> in a head-to-head comparison of the two drugs",
        "in a comparison of <A> and <B>, only <A> relieved <C>",
        "<A> was superior to <B>, which had no effect on <C>, whereas <A> reduced it",
    )]
    + [Scene("antidote", "ccd", text, (f"A B {_DOWN} A", f"A C {_DOWN} A", f"B C {_UP} B")) for text in (
        "<A> protected against <B>-induced <C>",
        "<C> caused by <B> was reversed by <A>",
        "<A> reduced the severity of <C> induced by <B> in <o>",
        "pretreatment with <A> prevented <C> after <B>",
    )]
    + [Scene("antidote", "ccd", text, (f"B C {_UP} B",)) for text in (
        "<A> did not prevent <B>-induced <C>",
        "<C> caused by <B> was not reversed by <A>",
        "<B>-induced <C> persisted despite <A>",
    )]
    + [Scene("third entity", "cgg", text, (f"A B {_UP} A",)) for text in (
        "<A> increased <B> but not <C>",
        "<A>, which did not change <C>, raised <B> levels",
        "<B>, but not <C>, was induced by <A>",
        "<A> stimulated <B> expression independently of <C>",
        "<C> remained unchanged while <A> increased <B>",
        "<A> upregulated <B> without affecting <C>",
        "in cells that expressed <C>, <A> enhanced <B> activity",
        "<A> had no effect on <C> but raised <B> levels",
        "after <A>, <B> rose and <C> did not",
        "<B> levels were higher after <A>, those of <C> were not",
        "<C> did not change, but <B> went up after <A>",
        "<B> rather than <C> was upregulated by <A>",
        "only <B>, and not <C>, was activated by <A>",
    )]
    + [Scene("third entity", "cgg", text, (f"A B {_DOWN} A",)) for text in (
        "<A> decreased <B> but not <C>",
        "<A> inhibited <B> selectively and had no effect on <C>",
        "<B>, unlike <C>, was suppressed by <A>",
        "<A> lowered <B>, whereas <C> was not affected",
        "no change in <C> was seen when <A> reduced <B>",
        "<A> had no effect on <C> but lowered <B> levels",
        "after <A>, <B> fell and <C> did not",
        "<C> was spared, while <B> was inhibited by <A>",
        "<B> rather than <C> was blocked by <A>",
        "there was no effect on <C>, and <B> was abolished by <A>",
    )]
    + [Scene("third entity", "cgg", text, (f"A B {_UP} A", f"A C {_DOWN} A")) for text in (
        "<A> increased <B> and decreased <C>",
        "<A> reduced <C> but raised <B>",
        "<B> was upregulated and <C> downregulated by <A>",
        "while <C> fell, <B> rose after <A>",
        "<A> had opposite effects on <B> and <C>: the former rose, the latter fell",
        "after <A>, <B> went up and <C> went down",
        "<A> induced <B>, whereas it suppressed <C>",
    )]
    + [Scene("third entity", "cgg", text, ()) for text in (
        "neither <B> nor <C> was changed by <A>",
        "<A> affected neither <B> nor <C>",
        "<A> had no influence on <B> or <C>",
    )]
    + [Scene("third entity", "cgg", text, (f"A B {_UP} A", f"A C {_UP} A")) for text in (
        "<A> increased not only <B> but also <C>",
        "both <B> and <C> were induced by <A>",
        "<A> raised <B> as well as <C>",
    )]
    + [Scene("third entity", "ggd", text, ("A C Association A",)) for text in (
        "<A>, but not <B>, was associated with <C>",
        "<A> was associated with <C>, while <B> was not",
        "<B> played no role in <C>, in contrast to <A>, which was linked to it",
        "not <B> but <A> was related to <C>",
        "after adjustment for <B>, <A> was associated with <C>",
        "of <A> and <B>, only <A> was associated with <C>",
        "an association with <C> was found for <A> but not for <B>",
        "mutations in <A>, rather than in <B>, were found in <C>",
        "<A>, and not <B>, predicted <C>",
        "no link of <B> with <C> was found, but there was one of <A>",
        "<B> did not differ, whereas <A> was involved in <C>",
        "<C> was related to <A>, and unrelated to <B>",
    )]
    + [Scene("third entity", "ggd", text, ("A C Association A", "B C Association B")) for text in (
        "not only <A> but also <B> was associated with <C>",
        "both <A> and <B> were linked to <C>",
    )]
    + [Scene("third entity", "ggd", text, ()) for text in (
        "neither <A> nor <B> was associated with <C>",
        "no association of <A> or <B> with <C> was found",
    )]
    + [Scene("third entity", "ccd", text, (f"A C {_DOWN} A",)) for text in (
        "<A> but not <B> alleviated <C>",
        "<C> improved with <A>, but did not respond to <B>",
        "<o> with <C> who did not receive <B> responded to <A>",
        "in <o> not taking <B>, <A> reduced <C>",
        "<A> relieved <C> after <B> had failed",
        "<C> responded to <A>, not to <B>",
        "only <A> was effective against <C>, <B> was not",
        "<B> did not help, whereas <A> controlled <C>",
        "<C> resolved under <A>, having been resistant to <B>",
        "<B> was of no use, but <A> prevented <C>",
    )]
    + [Scene("third entity", "ccd", text, (f"A C {_UP} A",)) for text in (
        "<A>, unlike <B>, caused <C>",
        "<C> occurred with <A> but not with <B>",
        "<o> who had not been given <B> developed <C> after <A>",
        "<C> was due to <A>, not to <B>",
        "it was <A> rather than <B> that caused <C>",
        "<C> developed on <A>, and in no case on <B>",
        "<B> was well tolerated, but <A> led to <C>",
        "<C> appeared after <o> were switched from <B> to <A>",
    )]
    + [Scene("third entity", "ccd", text, ()) for text in (
        "neither <A> nor <B> had an effect on <C>",
        "<C> was not influenced by <A> or <B>",
    )]
    + [Scene("third entity", "cdd", text, (f"A B {_DOWN} A", f"A C {_UP} A")) for text in (
        "<A> improved <B> but caused <C>",
        "<o> given <A> for <B> developed <C>",
        "<C> was a side effect of <A> in the treatment of <B>",
        "<A> was effective against <B>, although <C> was an adverse event",
    )]
    + [Scene("third entity", "cdd", text, (f"A B {_DOWN} A",)) for text in (
        "<A> relieved <B> without causing <C>",
        "<A> reduced <B> in <o> with a history of <C>",
        "<A> was effective in <B> but not in <C>",
        "<A> helped in <B>, and not in <C>",
        "<C> did not respond to <A>, but <B> did",
    )]
    + [Scene("third entity", "vdd", text, (f"A B {_UP} A",)) for text in (
        "<A> increased the risk of <B> but not of <C>",
        "<A> was found in families with <B> and in none with <C>",
        "<A> predisposed to <B>, and no effect on <C> was seen",
    )]
    + [Scene("third entity", "vvd", text, (f"A C {_UP} A",)) for text in (
        "<A>, but not <B>, increased the risk of <C>",
        "carriers of <A> had more <C>, whereas <B> did not differ between groups",
        "<A> was a cause of <C>, while <B> was a harmless variant",
    )]
    + [Scene("binding", "ggg", text, ("A B Bind -",)) for text in (
        "<A> interacted with <B> but not with <C>",
        "<A> bound to <B> and showed no binding to <C>",
        "<A> formed a complex with <B> in the absence of <C>",
    )]
    + [Scene("inhibitor of regulator", "cgg", text, (f"A B {_DOWN} A", f"B C {_UP} B", f"A C {_DOWN} A")) for text in (
        "<A>, an inhibitor of <B>, blocked the increase of <C> caused by <B>",
        "inhibition of <B> by <A> reduced <C>, which depended on <B>",
    )]
)  # fmt: skip

FINDING = (
    "our data demonstrate that ",
    "we provide evidence that ",
    "we identified that ",
    "we now show that ",
    "the present work shows that ",
    "our analysis showed that ",
    "in our cohort, ",
    "in our experiments, ",
    "we have found that ",
    "we were able to show that ",
    "we conclude that ",
    "in conclusion, ",
    "our observations indicate that ",
    "the major finding was that ",
    "remarkably, ",
    "in contrast to previous reports, ",
    "these results demonstrate that ",
    "a new finding is that ",
    "",
    "",
    "",
    "here we show that ",
    "we found that ",
    "our results demonstrate that ",
    "in this study, ",
    "we report that ",
    "our results suggest that ",
    "the results of this trial show that ",
    "multivariate analysis revealed that ",
    "these data indicate that ",
    "we observed that ",
    "interestingly, ",
    "not surprisingly, ",
    "there was no doubt that ",
    "this is the first evidence that ",
    "for the first time, we show that ",
    "surprisingly, ",
    "in the present study, ",
)
BACKGROUND = (
    "a previous study found that ",
    "earlier, we reported that ",
    "it has long been known that ",
    "it is established that ",
    "others have shown that ",
    "in the literature, it is described that ",
    "past research has indicated that ",
    "there is ample evidence from earlier work that ",
    "as reported before, ",
    "it has previously been shown that ",
    "a number of groups have found that ",
    "we already reported that ",
    "numerous studies have shown that ",
    "according to the literature, ",
    "as shown by others, ",
    "recent reports indicate that ",
    "it is generally accepted that ",
    "it has been demonstrated that ",
    "previously, we have shown that ",
    "several groups have reported that ",
    "it is widely accepted that ",
    "evidence from other laboratories indicates that ",
    "clinical experience shows that ",
    "in the past, it was found that ",
    "it was already known that ",
    "published data show that ",
    "it is known that ",
    "it is well established that ",
    "previous studies have shown that ",
    "it has been reported that ",
    "earlier work demonstrated that ",
    "others have described that ",
    "as is well known, ",
    "it was shown previously that ",
)
QUESTION = (
    "this study was designed to examine whether ",
    "we sought to determine whether ",
    "it is a matter of debate whether ",
    "it is not known whether ",
    "we hypothesized that ",
    "the hypothesis was that ",
    "we set out to test if ",
    "future studies should examine whether ",
    "there are no data on whether ",
    "we asked whether ",
    "it is unknown whether ",
    "it remains unclear whether ",
    "we aimed to determine whether ",
    "the purpose of this study was to test whether ",
    "it has not been studied whether ",
    "further studies are needed to find out whether ",
)
DENIAL = (
    "we failed to find that ",
    "our data do not support the view that ",
    "there is no evidence that ",
    "our results argue against the idea that ",
    "it is unlikely that ",
    "we could not show that ",
    "these data exclude that ",
    "the results did not confirm that ",
    "it was not observed that ",
    "in no case was it seen that ",
    "there was no indication that ",
    "there was no evidence that ",
    "we found no evidence that ",
    "the data did not support the idea that ",
    "it could be ruled out that ",
    "contrary to our hypothesis, we could not confirm that ",
    "it was not true that ",
    "no study has shown that ",
)

# Behind a statement, in place of what stands before it: whether it was known or is new.
AFTER = {
    "background": (
        ", as has been known for years", ", as others have shown", ", as described earlier", ", as reported previously", ", as we reported before", " in earlier studies",
        " in previous work", ", which is well known", ", according to the literature", ", as published by another group", " in a former trial", ", an effect known from earlier reports",
    ),
    "finding": (
        ", which has not been reported before", " in the present study", ", as our data show", ", a finding that is new", " in our experiments", ", as we show here", ", contrary to earlier reports",
        " in this trial", ", which was unexpected", ", as demonstrated here for the first time",
    ),
}  # fmt: skip

# Behind a finding; they say nothing of its sign.
TAILS = ("",) * 8 + (
    " in a dose-dependent manner", " in vitro", " in vivo", " after 24 h", " at all time points", " in this cohort", " in both groups", " (Fig. 2)", " in our series",
    " under these conditions", " during follow-up", " in a subset of <o>", " in the presence of <c>", " in <l> cells", " regardless of age and sex", " in <o> who were not given <c>",
)  # fmt: skip

TITLES = (
    "[Effects|Influence|Role] of <A> on <B>", "<A> and <B> in <o>", "[Relationship|Relation] between <A> and <B>", "<A> and <B>: [a study|an analysis|observations] in <o>",
    "[A clinical|An experimental|A prospective] study of <A> and <B>", "[Studies|Experiments] on <A>", "Investigation of <A> and <B>",
)  # fmt: skip
AIMS = (
    "We [studied|examined|investigated] <A> and <B> in <o>.", "The [role|significance] of <A> for <B> is [unclear|a matter of debate|unknown].",
    "The aim of this study was to [evaluate|examine] the [effects of|relationship between] <A> and <B>.", "Little is known about <A> and <B>.",
)  # fmt: skip
FILLERS = (
    "A total of 128 <o> were enrolled and followed for 12 months.", "<g> was measured by ELISA.", "The mean age was 54.3 years.", "Blood samples were taken at baseline and after 8 weeks.",
    "The expression of <g> was determined by real-time PCR and Western blotting.", "<c> served as a control.", "Data were analysed with the chi-square test.", "<o> were randomly assigned to four groups.",
    "Experiments were carried out in <l> cells.", "All <o> gave informed consent.", "Statistical significance was set at P < 0.05.", "Samples were also tested for <g>.", "The cells were cultured in medium with <c>.",
    "<g> and <g> were determined in the same samples.", "<o> with <d> or <d> were excluded.", "The study included 45 <o> with <d>.", "Three independent experiments gave similar results.", "Genotyping was done by PCR and sequencing.",
    "Group 2 received vehicle alone.", "The protocol was approved by the ethics committee.", "Follow-up data were available for 92% of the cases.", "Further work is under way.",
)  # fmt: skip
CLOSINGS = ("These [data|findings] may help to understand <A> and <B>.", "The clinical relevance of <A> needs further study.", "Our findings have implications for future work on <B>.", "Larger studies on <A> and <B> are [warranted|needed].", "Taken together, these results extend our knowledge of <A>.")  # fmt: skip

"""What to look for in each diagnosis, how common it is in life, and where that is written.

Words of our own after the sources named; they teach the usual look, from which single lesions
differ.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A publication: what to call it, and its address; empty if none is known for certain."""

    words: str
    link: str = ""

    @property
    def cited(self) -> str:
        """As Markdown."""
        return f"[{self.words}]({self.link})" if self.link else self.words


@dataclass(frozen=True)
class Lesson:
    """One diagnosis.

    Attributes:
        look: three lines on what to look for.
        beware: what it is taken for, or what takes its look.
        in_life: how common it is, outside of any dataset.
        sources: of the looks.
        in_life_source: of `in_life`.
    """

    look: tuple[str, str, str]
    beware: str
    in_life: str
    sources: tuple[Source, ...]
    in_life_source: Source

    @property
    def points(self) -> str:
        """What to look for, as a list in Markdown."""
        return "\n".join(f"- {line}" for line in self.look)

    @property
    def after(self) -> str:
        """Whom the looks are taken from, as Markdown."""
        return "After " + "; ".join(source.cited for source in self.sources)


LESSONS: dict[str, Lesson] = {
    "akiec": Lesson(
        (
            "Actinic keratosis of the face: a red network between the hair follicles, which stay "
            "pale, like a strawberry.",
            "White to yellow scale on the surface; follicles filled with yellowish horn.",
            "Bowen's disease: small coiled (glomerular) vessels in groups, and scale.",
        ),
        "Pigmented ones resemble lentigo and melanoma of the face. Benign keratosis has sharper "
        "borders, and milia-like cysts.",
        "Of people in Rotterdam aged 45 and over, 49 % of the men and 28 % of the women had at "
        "least one actinic keratosis.",
        (
            Source(
                "Zalaudek et al., Br J Dermatol 155 (2006), facial actinic keratosis",
                "https://doi.org/10.1111/j.1365-2133.2006.07426.x",
            ),
            Source(
                "Zalaudek et al., Br J Dermatol 150 (2004), Bowen's disease",
                "https://doi.org/10.1111/j.1365-2133.2004.05924.x",
            ),
        ),
        Source(
            "Flohil et al., J Invest Dermatol 133 (2013)", "https://doi.org/10.1038/jid.2013.134"
        ),
    ),
    "bcc": Lesson(
        (
            "Arborising vessels: bright red, in sharp focus, branching like a tree.",
            "Large blue-grey ovoid nests, or many blue-grey globules; leaf-like or spoke-wheel "
            "areas.",
            "Ulceration. And no pigment network: with one, think of something else.",
        ),
        "Heavily pigmented ones resemble melanoma; without pigment only vessels and ulceration "
        "tell.",
        "In a county of Minnesota, 360 in 100,000 men and 293 in 100,000 women had their first one "
        "each year.",
        (
            Source(
                "Menzies et al., Arch Dermatol 136 (2000)",
                "https://doi.org/10.1001/archderm.136.8.1012",
            ),
        ),
        Source(
            "Muzic et al., Mayo Clin Proc 92 (2017)",
            "https://doi.org/10.1016/j.mayocp.2017.02.015",
        ),
    ),
    "bkl": Lesson(
        (
            "Milia-like cysts: small bright white to yellow dots; comedo-like openings: dark "
            "plugs.",
            "Fissures and ridges like the surface of a brain; hairpin vessels with a pale halo.",
            "A sharp border, often as if moth-eaten.",
        ),
        "Nearly half of the pigmented ones show a network or something like it, as naevi and "
        "melanoma do.",
        "Of 100 Australians, everybody over 50 had seborrhoeic keratoses, and 12 % of those aged "
        "15 to 25.",
        (
            Source(
                "Braun et al., Arch Dermatol 138 (2002)",
                "https://doi.org/10.1001/archderm.138.12.1556",
            ),
        ),
        Source(
            "Yeatman et al., Br J Dermatol 137 (1997)",
            "https://doi.org/10.1046/j.1365-2133.1997.18591952.x",
        ),
    ),
    "df": Lesson(
        (
            "A white, scar-like patch in the centre (in 57 % of 412).",
            "A fine, pale brown network around it, which fades into the skin (72 %).",
            "Both together are the classic pattern, but only a third show it; vessels are seen in "
            "half, mostly dots.",
        ),
        "Two thirds look otherwise, some like melanoma. What the photo cannot show: it is firm, "
        "and dimples when squeezed.",
        "Common, mostly on the legs, at 20 to 50 years of age, more often in women; how many "
        "people have one is not known.",
        (
            Source(
                "Zaballos et al., Arch Dermatol 144 (2008)",
                "https://doi.org/10.1001/archdermatol.2007.8",
            ),
        ),
        Source(
            "StatPearls, Dermatofibroma",
            "https://www.statpearls.com/articlelibrary/viewarticle/20384",
        ),
    ),
    "mel": Lesson(
        (
            "An atypical network: lines of uneven width, colour and spacing that end abruptly.",
            "A blue-white veil; irregular dots, globules or streaks at one side.",
            "White scar-like or grey peppered areas (regression); vessels of several kinds.",
        ),
        "An early one may look like a naevus: asymmetry of structure and colour is then the only "
        "sign. Some have no pigment at all.",
        "Worldwide about 325,000 people were diagnosed with an invasive melanoma in 2020, and "
        "57,000 died of one.",
        (
            Source(
                "Argenziano et al., Arch Dermatol 134 (1998), seven-point checklist",
                "https://doi.org/10.1001/archderm.134.12.1563",
            ),
        ),
        Source(
            "Arnold et al., JAMA Dermatol 158 (2022)",
            "https://doi.org/10.1001/jamadermatol.2022.0160",
        ),
    ),
    "nv": Lesson(
        (
            "One pattern all over: a regular network, globules of one kind, or one even colour.",
            "Symmetry of structure and colour, with one or two colours.",
            "The network thins out gradually at the border.",
        ),
        "Atypical naevi share single signs with melanoma; compare with the person's other moles, "
        "which no photo here shows.",
        "Nearly everybody has some. Within a year at most 1 mole in 200,000 becomes a melanoma "
        "below the age of 40, and about 1 in 33,000 in men over 60.",
        (
            Source(
                "Argenziano et al., J Am Acad Dermatol 48 (2003), consensus",
                "https://doi.org/10.1067/mjd.2003.281",
            ),
        ),
        Source(
            "Tsao et al., Arch Dermatol 139 (2003)", "https://doi.org/10.1001/archderm.139.3.282"
        ),
    ),
    "vasc": Lesson(
        (
            "Lacunae: round to oval, sharply bordered, red to purple, with no vessels inside.",
            "Angiokeratoma: some lacunae nearly black, below a whitish veil and crust.",
            "Pyogenic granuloma: an even red or red-white area within a white collarette.",
        ),
        "A thrombosed angioma can be as black as melanoma. In HAM10000 bleeding into the skin is "
        "of this class as well.",
        "Cherry angiomas: of 163 adults in Brisbane, the men had a median of 16 and the women of "
        "12.",
        (
            Source("Zaballos et al., Arch Dermatol 143 (2007), 318–325, angiokeratoma"),
            Source(
                "Piccolo et al., Dermatol Clin 36 (2018), vascular lesions",
                "https://pubmed.ncbi.nlm.nih.gov/30201148/",
            ),
        ),
        Source(
            "Betz-Stablein et al., Anatomic Distribution of Cherry Angiomas in the General "
            "Population, Dermatology (2022)",
            "https://pubmed.ncbi.nlm.nih.gov/?term=Anatomic+Distribution+of+Cherry+Angiomas",
        ),
    ),
}

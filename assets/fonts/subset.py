"""Make the bundled fonts from the full ones.

    python3 -m venv venv && venv/bin/pip install fonttools
    venv/bin/python assets/fonts/subset.py [INTER_DIR] [JETBRAINS_MONO_DIR]

The directories default to where Debian's fonts-inter 3.19 and
fonts-jetbrains-mono 2.242 put them. What is changed:

- Kept: Latin, Greek, Cyrillic, punctuation, currency, arrows, mathematics and
  shapes. Whatever is missing comes from the system's fonts at run time.
- Inter's figures are its tabular ones (`tnum`): a text layout in egui cannot
  ask for an OpenType feature, and numbers must line up in columns.
- `calt` is dropped: it draws `->` as an arrow, `3x4` as `3×4` and `!=` as one
  sign, and a name or an id has to be shown as it is.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent

RANGES = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x024F),  # Latin-1, Latin Extended A and B
    (0x02B0, 0x02FF),  # Modifier letters
    (0x0300, 0x036F),  # Combining marks
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x2000, 0x206F),  # Punctuation
    (0x2070, 0x209F),  # Superscripts and subscripts
    (0x20A0, 0x20BF),  # Currency
    (0x2100, 0x214F),  # Letterlike
    (0x2150, 0x215F),  # Fractions
    (0x2190, 0x21FF),  # Arrows
    (0x2200, 0x22FF),  # Mathematics
    (0x2300, 0x23FF),  # Keys: ⌘ ⌥ ⏎ ⌫
    (0x2500, 0x257F),  # Box drawing
    (0x2580, 0x259F),  # Blocks
    (0x25A0, 0x25FF),  # Shapes
    (0x2600, 0x26FF),  # ★ ⚠
    (0x2700, 0x27BF),  # ✓ ✗
    (0xFFFD, 0xFFFD),  # Replacement character
]

FEATURES = ["ccmp", "kern", "locl", "mark", "mkmk"]


def tabular_figures(font: TTFont) -> None:
    """Point the ten digits at their equally wide glyphs."""
    gsub = font["GSUB"].table
    lookups = {
        index
        for record in gsub.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for index in record.Feature.LookupListIndex
    }
    wide = {}
    for index in lookups:
        for table in gsub.LookupList.Lookup[index].SubTable:
            wide.update(getattr(table, "ExtSubTable", table).mapping)
    for cmap in font["cmap"].tables:
        for digit in range(ord("0"), ord("9") + 1):
            if digit in cmap.cmap:
                # Subtables may share one mapping: a digit already pointed stays.
                cmap.cmap[digit] = wide.get(cmap.cmap[digit], cmap.cmap[digit])


def subset(source: Path, target: Path, tabular: bool) -> None:
    font = TTFont(source)
    if tabular:
        tabular_figures(font)
    options = Options()
    options.layout_features = FEATURES
    options.name_IDs = ["*"]
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)])
    subsetter.subset(font)
    font.save(target)
    print(f"{target.name}: {len(font.getBestCmap())} characters, {target.stat().st_size // 1024} kB")


def main() -> None:
    inter = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/opentype/inter")
    mono = Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/share/fonts/truetype/jetbrains-mono")
    for weight in ["Regular", "Medium", "SemiBold"]:
        subset(inter / f"Inter-{weight}.otf", HERE / f"Inter-{weight}.otf", tabular=True)
    subset(mono / "JetBrainsMono-Regular.ttf", HERE / "JetBrainsMono-Regular.ttf", tabular=False)


if __name__ == "__main__":
    main()

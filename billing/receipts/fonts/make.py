"""Cut Noto Sans SC down to what receipts and bills print, and write the two faces beside this file.

Source: the npm package ``@expo-google-fonts/noto-sans-sc`` 0.4.3, which carries Noto Sans SC 2.004 under the
SIL Open Font License 1.1 (``LICENSE_FONT`` there is ``OFL.txt`` here). To repeat the cut::

    npm pack @expo-google-fonts/noto-sans-sc@0.4.3 && tar xzf expo-google-fonts-noto-sans-sc-0.4.3.tgz
    python -m billing.receipts.fonts.make package

Kept: GB 2312 (6,763 characters and its symbols), Latin with its accents, punctuation, currency signs,
full-width forms and characters that GB 2312 lacks but names often have. Dropped: hinting, OpenType layout,
vertical metrics and glyph names, none of which a PDF by fpdf2 uses.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FACES = {
    "NotoSansSC-Regular.ttf": "400Regular/NotoSansSC_400Regular.ttf",
    "NotoSansSC-Bold.ttf": "700Bold/NotoSansSC_700Bold.ttf",
}
RANGES = (
    (0x20, 0x7F),
    (0xA0, 0x180),
    (0x1C0, 0x1E0),
    (0x2010, 0x2028),
    (0x2030, 0x205F),
    (0x20A0, 0x20C0),
    (0x2100, 0x2140),
    (0x2190, 0x219A),
    (0x25A0, 0x25D0),
    (0x2713, 0x2718),
    (0x3000, 0x3020),
    (0xFF00, 0xFFF0),
)
NAMES = (
    "镕喆堃玥珺彧翀昇頔祎婳嫚嬅媖妘妤姝姮娴婧婕琤琮瑀瑄瑜璟璇璠瓒玕玘玙珅珏珑珣珩琇琎琚琰琲瑧瑨瑭璁璘"
    "淏淓渼湉湜溦滢潆潇澍濛灏炆炘炜烜烨焜焱焯煊煜熠燚燊犇劼勍垚埕堉塬奭尧屾岽峣崟嵘嵩嶷廼弢彣忞恺惇"
    "愔慜懋戬扆旸旻昉昕昳晅晔晗晞晟晢暄暐暕曈杺栩桢桦梓棪椿楠槿樾橦歆沅沄洢洺浥浠涵淇燏牧猷甯畅皓皞"
    "睿矞砺祜祯禔禛禤稷穗竑筠箐箬粲綦綮翙翚翾聿芃芮芾苒苡茜茗荃荻莀莙菀菡萱葳蒨蓁蕊蕙薇薏藜蘅虓蚺"
    "裎裒詝誉諴譞谡赟赪跻轩辀辂迦逄逯遐邈邴郗郜酆醴釴鈊鈺鉷銮鋆鋐钊钏钖钘钜铖铠铭锜锴镒镔闿阗阚隽雯"
    "霁霂霖靓靖韫韬頠颀颢颉飏馥馨骁骐骞骢鑫鲲鸾鹄麒黻鼐龑龢㛃㛚㻏䶮𬀩𬍛𬍤𬘭𬱖𬭎𣲗"
)


def characters() -> set[int]:
    """Return the code points that the cut keeps."""
    kept = {point for start, stop in RANGES for point in range(start, stop)} | {ord(char) for char in NAMES}
    for row in range(0xA1, 0xF8):
        kept |= {ord(char) for char in bytes(_row(row)).decode("gb2312", errors="ignore")}
    return kept


def _row(lead: int) -> list[int]:
    return [byte for trail in range(0xA1, 0xFF) for byte in (lead, trail)]


def cut(source: Path, target: Path) -> int:
    """Write the cut of ``source`` to ``target`` and return its size in bytes."""
    options = Options(
        hinting=False,
        layout_features=[],
        glyph_names=False,
        notdef_outline=True,
        recalc_timestamp=False,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
    )
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "BASE", "STAT", "vhea", "vmtx", "gasp"]
    font = TTFont(source, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    font.save(target)
    return target.stat().st_size


def main(package: Path) -> None:
    """Cut both faces from the unpacked npm ``package``."""
    here = Path(__file__).parent
    for target, source in FACES.items():
        size = cut(package / source, here / target)
        sys.stdout.write(f"{target}: {size:,} bytes\n")
    (here / "OFL.txt").write_bytes((package / "LICENSE_FONT").read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

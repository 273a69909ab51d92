"""What stands around the rows of an Excel file: the book, its sheets by name, and how cells look (ECMA-376 part 1)."""

from __future__ import annotations

from collections.abc import Sequence

from edupulse.exports.table import Column

SHEET_END = b"</sheetData></worksheet>"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WIDTHS = {"text": 28, "json": 28, "instant": 20, "wall": 20, "day": 12}  # in characters; others are narrow
_NARROW = 10
# The styles of sheet.py by number: plain, bold, day and time, day, amount.
_STYLES = (
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs>'
    + "".join(
        f'<xf numFmtId="{form}" fontId="{font}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"'
        f' applyFont="1"/>'
        for form, font in ((0, 0), (0, 1), (164, 0), (165, 0), (4, 0))
    )
    + '</cellXfs><cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)


def sheet_path(number: int) -> str:
    """Return where the sheet of this number (from 1) stands in the file."""
    return f"xl/worksheets/sheet{number}.xml"


def sheet_head(columns: Sequence[Column], headings: str) -> bytes:
    """Return what comes before the rows: the first line stays in sight, columns are as wide as what they hold."""
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{_WIDTHS.get(column.kind, _NARROW)}" customWidth="1"/>'
        for at, column in enumerate(columns, start=1)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData><row>{headings}</row>"
    ).encode()


def frame(sheets: int) -> dict[str, str]:
    """Return everything but the sheets, by its name in the file."""
    return {
        "[Content_Types].xml": _content_types(sheets),
        "_rels/.rels": _relations(f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml" Id="rId1"'),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            f'Type="{_OFFICE}/styles" Target="styles.xml" Id="rId{sheets + 1}"',
            *(
                f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml" Id="rId{number}"'
                for number in _numbers(sheets)
            ),
        ),
        "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}">{_STYLES}</styleSheet>',
    }


def _content_types(sheets: int) -> str:
    parts = {f"/{sheet_path(number)}": "worksheet" for number in _numbers(sheets)}
    parts |= {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{_TYPE}.{kind}+xml"/>' for name, kind in parts.items()
    )
    rels = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    )
    return f'{_XML}<Types xmlns="{_PACKAGE}/content-types">{rels}{overrides}</Types>'


def _workbook(sheets: int) -> str:
    named = "".join(
        f'<sheet name="Rows{f" {number}" if number > 1 else ""}" sheetId="{number}" r:id="rId{number}"/>'
        for number in _numbers(sheets)
    )
    return f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{named}</sheets></workbook>'


def _relations(*each: str) -> str:
    lines = "".join(f"<Relationship {one}/>" for one in each)
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _numbers(sheets: int) -> range:
    return range(1, sheets + 1)

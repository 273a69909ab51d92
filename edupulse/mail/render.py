"""Facts and a template become subject, text and HTML of one mail, in the reader's language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from edupulse.mail.inline import inline_template

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"
LOCALES = ("en", "zh")


def render_mail(template_name: str, locale: str, **facts: object) -> tuple[str, str, str]:
    """Render `templates/mail/<template_name>.{subject.txt,txt,html}` and return (subject, text, html).

    A locale we do not speak reads English. A fact that a template asks for and `facts` lacks raises
    jinja2.UndefinedError; values in the HTML are escaped.
    """
    environment = _environment(locale if locale in LOCALES else "en")
    everything = {"lang": locale, "brand": "EduPulse", **facts}
    subject, text, html = (
        environment.get_template(f"mail/{template_name}.{part}").render(everything)
        for part in ("subject.txt", "txt", "html")
    )
    return " ".join(subject.split()), text.strip() + "\n", html


class _InliningLoader(FileSystemLoader):
    """Inlines the styles of mail templates as they are read; a rendered mail needs no second parse."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, object]:  # type: ignore[override]
        source, path, is_fresh = super().get_source(environment, template)
        if template.endswith(".html"):
            source = inline_template(source, (TEMPLATES / "mail" / "_mail.css").read_text("utf-8"))
        return source, path, is_fresh


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=_InliningLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translations = Translations.load(TRANSLATIONS, [locale])
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return environment

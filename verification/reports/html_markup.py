"""Elements of the page, built as a tree: every text is escaped when the tree is written, so that no word can become markup."""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring

from verification.reports.junit import FORBIDDEN

Child = Element | str | None


def element(tag: str, /, *children: Child, **attributes: str | int | None) -> Element:
    """Return an element.

    Parameters
    ----------
    tag
        Its name.
    *children
        Elements and texts, in order; ``None`` is left out.
    **attributes
        Its attributes: ``data_x`` becomes ``data-x``, ``class_`` becomes ``class``, and ``None`` is left out.

    Returns
    -------
    Element
        The element.
    """
    made = Element(tag)
    for key, value in attributes.items():
        if value is not None:
            made.set(key.rstrip("_").replace("_", "-"), clean(str(value)))
    for child in children:
        append(made, child)
    return made


def append(parent: Element, child: Child) -> None:
    """Add an element or a text at the end of an element.

    Parameters
    ----------
    parent
        The element.
    child
        What is added; ``None`` adds nothing.
    """
    if child is None:
        return
    if isinstance(child, Element):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + clean(child)
    else:
        parent.text = (parent.text or "") + clean(child)


def clean(text: str) -> str:
    """Return a text without the control characters and lone surrogates that a page cannot hold."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def written(tree: Element) -> str:
    """Return a tree as HTML."""
    return tostring(tree, encoding="unicode", method="html")


def copied(text: str, label: str) -> Element:
    """Return a text in a box, with a button that copies it; the script brings the button to life.

    Parameters
    ----------
    text
        What is shown and copied.
    label
        What the button says, such as ``Copy the counterexample``.

    Returns
    -------
    Element
        The box.
    """
    button = element("button", label, type="button", class_="copy", hidden="")
    return element("div", element("pre", element("code", text), tabindex=0), button, class_="copied")


def named(pairs: list[tuple[str, Child]]) -> Element:
    """Return a list of names and what they stand for.

    Parameters
    ----------
    pairs
        The names, each with its value.

    Returns
    -------
    Element
        A description list.
    """
    rows = [element("div", element("dt", name), element("dd", value)) for name, value in pairs]
    return element("dl", *rows)


def listed(items: list[Child], *, class_: str | None = None) -> Element:
    """Return an unordered list.

    Parameters
    ----------
    items
        What each item holds.
    class_
        Its class.

    Returns
    -------
    Element
        The list.
    """
    return element("ul", *(element("li", item) for item in items), class_=class_)

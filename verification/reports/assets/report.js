"use strict";
(() => {
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const rows = [...document.querySelectorAll("tr[data-statement]")].map((row) => {
    const section = document.getElementById(row.dataset.statement).closest("details");
    return { row, section, facets: row.dataset, text: null };
  });
  const names = [...form.elements].filter((field) => field.name).map((field) => field.name);

  function wanted() {
    return Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]).filter(([, value]) => value));
  }

  function matches(entry, filter) {
    return Object.entries(filter).every(([name, value]) => {
      if (name !== "q") return entry.facets[name] === value;
      entry.text ??= entry.section.textContent.toLowerCase();
      return value.toLowerCase().split(/\s+/).every((word) => entry.text.includes(word));
    });
  }

  function show() {
    const filter = wanted();
    let count = 0;
    for (const entry of rows) {
      const shown = matches(entry, filter);
      entry.row.hidden = entry.section.hidden = !shown;
      count += shown;
    }
    for (const paper of document.querySelectorAll(".paper")) {
      paper.hidden = paper.querySelector("table").hidden = !paper.querySelector("tr[data-statement]:not([hidden])");
    }
    const chosen = Object.keys(filter).map((name) => {
      const field = form.elements[name];
      return `${field.labels[0].textContent.toLowerCase()}: ${field.selectedOptions?.[0].textContent ?? field.value}`;
    });
    const text = `${count} of ${rows.length} statements${chosen.length ? `; ${chosen.join(", ")}` : ""}`;
    const place = document.getElementById("count");
    if (place.textContent !== text) place.textContent = text;
    return filter;
  }

  let later = 0;
  function filterNow(event) {
    const text = new URLSearchParams(show()).toString();
    // Browsers refuse an address that changes with every key.
    clearTimeout(later);
    later = setTimeout(() => {
      history.replaceState(null, "", text ? `#?${text}` : location.pathname + location.search);
    }, event?.target.type === "search" ? 300 : 0);
  }

  // The part of the address behind '#' is a filter when it starts with '?', and a place in the page otherwise.
  function follow() {
    const hash = location.hash;
    if (hash.startsWith("#?") || !hash) {
      const filter = new URLSearchParams(hash.slice(2));
      for (const name of names) {
        form.elements[name].value = filter.get(name) ?? "";
        // An option that the report does not have leaves nothing chosen.
        if (form.elements[name].selectedIndex === -1) form.elements[name].value = "";
      }
      show();
      return;
    }
    let target = null;
    try {
      target = document.getElementById(decodeURIComponent(hash.slice(1)));
    } catch {
      return;
    }
    if (!target) return;
    // A table, a heading or a figure that the filter hides is shown with all that belongs to it.
    if (!target.closest(".statement") && target.closest("[hidden]")) {
      form.reset();
      show();
    }
    reveal(target);
  }

  function reveal(target) {
    let outer = null;
    for (let part = target; part; part = part.parentElement) {
      part.hidden = false;
      if (part.tagName === "DETAILS") {
        part.open = true;
        outer ??= part;
      }
    }
    const summary = outer?.querySelector("summary");
    summary?.focus({ preventScroll: true });
    const place = outer && target.classList.contains("body") ? outer : target;
    // After the browser's own jump, which knows the content and not its heading.
    requestAnimationFrame(() => place.scrollIntoView({ behavior: "instant" }));
  }

  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    let done = false;
    try {
      await navigator.clipboard.writeText(code.textContent);
      done = true;
    } catch {
      getSelection().selectAllChildren(code);
      try { done = document.execCommand("copy"); } catch { done = false; }
    }
    const label = (button.dataset.label ??= button.textContent);
    button.textContent = done ? "Copied" : "Selected: copy with Ctrl+C";
    said.textContent = button.textContent;
    setTimeout(() => { button.textContent = label; said.textContent = ""; }, 2500);
  }

  // What scrolls sideways must be reached from the keyboard.
  function reachable(section) {
    for (const box of section.querySelectorAll(".formula, .scroll, pre")) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    }
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.source):not([hidden])")].filter((part) => !part.open);
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
  });
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
    // A link to where the address already points is followed too.
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) follow();
  });
  document.addEventListener("toggle", (event) => { if (event.target.open) reachable(event.target); }, true);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filterNow);
  document.getElementById("show-all").addEventListener("click", () => { form.reset(); filterNow(); });
  document.getElementById("open-shown").addEventListener("click", () => {
    for (const { section } of rows) if (!section.hidden) section.open = true;
  });
  document.getElementById("close-all").addEventListener("click", () => {
    for (const { section } of rows) section.open = false;
  });
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
  form.hidden = false;
  follow();
  // The browser's own jump at the end of loading would take the focus away.
  if (location.hash && !location.hash.startsWith("#?")) addEventListener("load", follow);
})();

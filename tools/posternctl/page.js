// SPDX-License-Identifier: Apache-2.0
//
// The page works without this: it adds the search, the filter by class, the comparison of two codes
// and the choice of colours. It asks no network and keeps nothing but the choice of colours.
"use strict";
(function () {
  const $ = (selector, root) => (root || document).querySelector(selector);
  const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const search = $("#search");
  const found = $("#found");
  const cards = $$("[data-words]");
  // Small letters as the language of the page has them (Turkish has two kinds of i).
  const language = (() => {
    const tag = document.documentElement.lang;
    try { return Intl.getCanonicalLocales(tag)[0]; } catch (error) { return undefined; /* no tag */ }
  })();
  const small = (text) => text.toLocaleLowerCase(language);
  const words = new Map(cards.map((card) => [card, small(card.dataset.words)]));
  let wanted = "";

  // Marks the words in text nodes; the old marks go first.
  function unmark(root) {
    for (const mark of $$("mark", root)) {
      mark.replaceWith(document.createTextNode(mark.textContent));
    }
    root.normalize();
  }
  function mark(root, words) {
    const pattern = new RegExp("(" + words.map((word) =>
      word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") + ")", "gi");
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      if (node.parentElement.closest("mark") || !pattern.test(node.nodeValue)) continue;
      pattern.lastIndex = 0;
      const parts = node.nodeValue.split(pattern);
      node.replaceWith(...parts.map((part, i) => {
        if (i % 2 === 0) return document.createTextNode(part);
        const element = document.createElement("mark");
        element.textContent = part;
        return element;
      }));
    }
  }

  function filter() {
    const sought = small(search.value.trim()).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      unmark(card);
      const text = words.get(card);
      const hit = sought.every((word) => text.includes(word)) &&
        (wanted === "" || card.dataset.kind === wanted);
      card.hidden = !hit;
      if (!hit) continue;
      ++shown;
      // A single letter would mark half the page; a single ideograph is a word.
      const long = sought.filter((word) => word.length > 1 || word > "\u2e80");
      if (long.length > 0) mark(card, long);
    }
    for (const group of $$("[data-group]").reverse()) {
      group.hidden = !$$("[data-words]", group).some((card) => !card.hidden);
    }
    const narrowed = sought.length > 0 || wanted !== "";
    $("#compare").hidden = narrowed;
    const { all, some, none } = found.dataset;
    found.textContent = (!narrowed ? all : shown === 0 ? none : some)
      .replace("{shown}", shown).replace("{all}", cards.length);
    if (narrowed) return;
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.textContent = " " + found.dataset.hint;
    found.append(hint);
  }
  search.addEventListener("input", filter);
  for (const chip of $$("[data-wanted]")) {
    chip.addEventListener("click", () => {
      wanted = chip.dataset.wanted;
      for (const other of $$("[data-wanted]")) {
        other.setAttribute("aria-pressed", String(other === chip));
      }
      filter();
    });
  }
  // "/" goes to the search, Escape empties it.
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      filter();
    }
  });
  // A link to a card that the search hides shows all again.
  window.addEventListener("hashchange", reveal);
  function reveal() {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.closest("[hidden]")) {
      search.value = "";
      wanted = "";
      for (const chip of $$("[data-wanted]")) {
        chip.setAttribute("aria-pressed", String(chip.dataset.wanted === ""));
      }
      filter();
      target.scrollIntoView();
    }
  }

  // Two codes side by side, made of what their cards say.
  const left = $("#left");
  const right = $("#right");
  const rows = ["class", "group", "meaning", "seen", "fix", "use", "enhanced", "rfc"];
  function card(code) { return document.getElementById("code-" + code); }
  function field(code, name) {
    const dd = $('[data-field="' + name + '"] dd', card(code));
    if (!dd) return document.createTextNode("");
    const fragment = document.createDocumentFragment();
    for (const child of dd.cloneNode(true).childNodes) fragment.append(child.cloneNode(true));
    return fragment;
  }
  function title(name) {
    const dt = $('[data-field="' + name + '"] dt');
    return dt ? dt.textContent : name;
  }
  function difference(of, to) {
    const item = $('[data-neighbour="' + to + '"] span', card(of));
    return item ? item.textContent : "";
  }
  function compare() {
    const body = $("#compared tbody");
    body.replaceChildren();
    $("#compared .a").textContent = left.value;
    $("#compared .b").textContent = right.value;
    const add = (headline, a, b) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = headline;
      row.append(head);
      for (const [value, code] of [[a, left.value], [b, right.value]]) {
        const cell = document.createElement("td");
        cell.dataset.code = code;
        cell.append(value);
        row.append(cell);
      }
      body.append(row);
    };
    for (const name of rows) add(title(name), field(left.value, name), field(right.value, name));
    add($("#compared").dataset.differs, difference(left.value, right.value) || field(left.value, "differs"),
      difference(right.value, left.value) || field(right.value, "differs"));
  }
  if (left) {
    left.addEventListener("change", compare);
    right.addEventListener("change", compare);
    compare();
  }

  // Light, dark, or as the system has it.
  const theme = $("#theme");
  const { auto, light, dark } = theme.dataset;
  const names = { "": auto, light, dark };
  function stored() {
    try { return localStorage.getItem("postern-theme") || ""; } catch (error) { return ""; }
  }
  function setTheme(value) {
    if (value === "") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    theme.textContent = names[value];
    try { localStorage.setItem("postern-theme", value); } catch (error) { /* a page of a file */ }
  }
  setTheme(stored());
  theme.addEventListener("click", () => {
    const order = ["", "light", "dark"];
    const now = document.documentElement.dataset.theme || "";
    setTheme(order[(order.indexOf(now) + 1) % order.length]);
  });
  for (const element of $$(".needs-script")) element.hidden = false;
  filter();
  reveal();
})();

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
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      unmark(card);
      const text = card.dataset.words;
      const hit = words.every((word) => text.includes(word)) &&
        (wanted === "" || card.dataset.kind === wanted);
      card.hidden = !hit;
      if (!hit) continue;
      ++shown;
      // A single letter would mark half the page.
      const long = words.filter((word) => word.length > 1);
      if (long.length > 0) mark(card, long);
    }
    for (const group of $$("[data-group]").reverse()) {
      group.hidden = !$$("[data-words]", group).some((card) => !card.hidden);
    }
    const narrowed = words.length > 0 || wanted !== "";
    $("#compare").hidden = narrowed;
    found.textContent = narrowed
      ? (shown === 0 ? "Nothing found. Fewer words find more." : shown + " of " + cards.length + " shown.")
      : cards.length + " entries.";
    if (narrowed) return;
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.textContent = " Search for a code, a word, or the text that a client got.";
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
  const rows = [["class", "Class"], ["group", "Group"], ["meaning", "Meaning"],
    ["seen", "When seen"], ["fix", "How to fix"], ["use", "When to use it"],
    ["enhanced", "Usual with"], ["rfc", "Written in"]];
  function card(code) { return document.getElementById("code-" + code); }
  function field(code, name) {
    const dd = $('[data-field="' + name + '"] dd', card(code));
    if (!dd) return document.createTextNode("");
    const fragment = document.createDocumentFragment();
    for (const child of dd.cloneNode(true).childNodes) fragment.append(child.cloneNode(true));
    return fragment;
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
    const add = (title, a, b) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = title;
      row.append(head);
      for (const [value, code] of [[a, left.value], [b, right.value]]) {
        const cell = document.createElement("td");
        cell.dataset.code = code;
        cell.append(value);
        row.append(cell);
      }
      body.append(row);
    };
    for (const [name, title] of rows) add(title, field(left.value, name), field(right.value, name));
    add("Key difference", difference(left.value, right.value) || field(left.value, "differs"),
      difference(right.value, left.value) || field(right.value, "differs"));
  }
  if (left) {
    left.addEventListener("change", compare);
    right.addEventListener("change", compare);
    compare();
  }

  // Light, dark, or as the system has it.
  const theme = $("#theme");
  const names = { "": "Auto", light: "Light", dark: "Dark" };
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

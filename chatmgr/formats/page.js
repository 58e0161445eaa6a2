"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const LIMIT = 200;

  const storedTheme = {
    get() { try { return localStorage.getItem("chatmgr-theme"); } catch { return null; } },
    set(value) { try { localStorage.setItem("chatmgr-theme", value); } catch { /* private window */ } },
  };
  const theme = storedTheme.get();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  function switchTheme() {
    const systemTheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || systemTheme) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    storedTheme.set(next);
  }

  const terms = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const count = (number, singular, plural) => (number === 1 ? `One ${singular}` : `${number.toLocaleString("en")} ${plural}`);

  // Highlights matches without changing the document, if the browser supports it.
  function highlight(elements, words) {
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("found");
    if (!words.length) return;
    const ranges = [];
    for (const element of elements.slice(0, LIMIT)) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue;
        for (const word of words) {
          for (let index = text.indexOf(word); index >= 0; index = text.indexOf(word, index + word.length)) {
            const range = new Range();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            ranges.push(range);
          }
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  }

  const searchable = (turn) => [...turn.querySelectorAll(".text, .file, figcaption, .ending")];

  // One conversation: turns that lack any of the words are hidden.
  function findInPage(turns, status) {
    let texts = null;
    return (words) => {
      texts ||= turns.map((turn) => searchable(turn).map((element) => element.textContent).join("\n").toLowerCase());
      const matching = [];
      turns.forEach((turn, index) => {
        const matches = words.every((word) => texts[index].includes(word));
        turn.hidden = !matches;
        if (matches && words.length) matching.push(turn);
      });
      status.textContent = words.length ? `${count(matching.length, "turn", "turns")} of ${turns.length}` : "";
      highlight(matching.flatMap(searchable), words);
      if (matching.length) matching[0].scrollIntoView({ behavior: "instant" });
    };
  }

  // An archive: searches the embedded conversations, which are parsed at the first search.
  function findInArchive(list, results, status) {
    let entries = null;
    const load = () => [...document.querySelectorAll("script.data")].flatMap((block) => {
      const [conversation, ...turns] = JSON.parse(block.textContent);
      const { title, name } = conversation;
      const titleEntry = { conversation, turn: 0, text: title, lowered: `${title}\n${name}`.toLowerCase() };
      return [titleEntry, ...turns.map(([turn, user, answer]) => {
        const text = `${user}\n${answer}`;
        return { conversation, turn, text, lowered: text.toLowerCase() };
      })];
    });
    return (words) => {
      list.hidden = words.length > 0;
      results.hidden = !words.length;
      results.replaceChildren();
      if (!words.length) { status.textContent = ""; return; }
      entries ||= load();
      const matches = entries.filter((entry) => words.every((word) => entry.lowered.includes(word)));
      results.append(...matches.slice(0, LIMIT).map((entry) => result(entry, words)));
      const limitNote = matches.length > LIMIT ? `; the first ${LIMIT} are shown` : "";
      status.textContent = matches.length ? count(matches.length, "match", "matches") + limitNote : "No matches";
    };
  }

  function result(entry, words) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = entry.conversation.page + (entry.turn ? `#turn-${entry.turn}` : "");
    link.textContent = entry.conversation.title;
    item.append(link);
    if (entry.turn) {
      const turnLabel = document.createElement("span");
      turnLabel.className = "turn-label";
      turnLabel.textContent = ` turn ${entry.turn}`;
      const excerpt = document.createElement("p");
      excerpt.className = "snippet";
      excerpt.append(...snippet(entry, words));
      item.append(turnLabel, excerpt);
    }
    return item;
  }

  function snippet(entry, words) {
    const start = Math.max(0, Math.min(...words.map((word) => entry.lowered.indexOf(word)).filter((n) => n >= 0)) - 60);
    const excerpt = entry.text.slice(start, start + 240);
    const lowered = excerpt.toLowerCase();
    const parts = [start ? "… " : ""];
    for (let position = 0; position < excerpt.length;) {
      let next = -1, length = 0;
      for (const word of words) {
        const index = lowered.indexOf(word, position);
        if (index >= 0 && (next < 0 || index < next)) { next = index; length = word.length; }
      }
      if (next < 0) { parts.push(excerpt.slice(position)); break; }
      const mark = document.createElement("mark");
      mark.textContent = excerpt.slice(next, next + length);
      parts.push(excerpt.slice(position, next), mark);
      position = next + length;
    }
    if (start + 240 < entry.text.length) parts.push(" …");
    return parts;
  }

  // j and k: move from the focused element, or else from the reader's position.
  function step(direction) {
    const targets = [...document.querySelectorAll(".turn, .list a")].filter((target) => target.offsetParent !== null);
    if (!targets.length) return;
    const focused = targets.indexOf(document.activeElement.closest(".turn, .list a"));
    const topEdge = document.querySelector(".bar").offsetHeight + 24;
    const firstBelow = targets.findIndex((target) => target.getBoundingClientRect().top >= topEdge - 8);
    let next = focused >= 0 ? focused + direction : (firstBelow < 0 ? targets.length : firstBelow) + (direction > 0 ? 0 : -1);
    next = Math.max(0, Math.min(targets.length - 1, next));
    targets[next].focus({ preventScroll: true });
    targets[next].scrollIntoView({ block: targets[next].matches(".turn") ? "start" : "nearest" });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const search = document.getElementById("search");
    const status = document.getElementById("status");
    const results = document.getElementById("results");
    const find = results
      ? findInArchive(document.getElementById("list"), results, status)
      : findInPage([...document.querySelectorAll(".turn")], status);
    let debounce = 0;
    search.addEventListener("input", () => {
      clearTimeout(debounce);
      debounce = setTimeout(() => find(terms(search.value)), 80);
    });
    document.getElementById("theme").addEventListener("click", switchTheme);
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && event.target === search) {
        search.value = "";
        find([]);
        search.blur();
      }
      if (event.target.matches("input, textarea, select")) return;
      if (event.key === "/") { event.preventDefault(); search.focus(); }
      if (event.key === "j") step(1);
      if (event.key === "k") step(-1);
    });
    if (search.value) find(terms(search.value));
  });
})();

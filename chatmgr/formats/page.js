"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const LIMIT = 200;

  const kept = {
    get() { try { return localStorage.getItem("chatmgr-theme"); } catch { return null; } },
    set(value) { try { localStorage.setItem("chatmgr-theme", value); } catch { /* private window */ } },
  };
  const theme = kept.get();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  function switchTheme() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    kept.set(next);
  }

  const terms = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const count = (n, one, many) => (n === 1 ? `One ${one}` : `${n.toLocaleString("en")} ${many}`);

  // Marks what was found without changing the page, where the browser can.
  function highlight(within, words) {
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("found");
    if (!words.length) return;
    const ranges = [];
    for (const element of within.slice(0, LIMIT)) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue;
        for (const word of words) {
          for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            ranges.push(range);
          }
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  }

  const said = (turn) => [...turn.querySelectorAll(".text, .file, figcaption, .ending")];

  // One conversation: turns without all the words are hidden.
  function findInPage(turns, status) {
    let texts = null;
    return (words) => {
      texts ||= turns.map((turn) => said(turn).map((one) => one.textContent).join("\n").toLowerCase());
      const shown = [];
      turns.forEach((turn, at) => {
        const found = words.every((word) => texts[at].includes(word));
        turn.hidden = !found;
        if (found && words.length) shown.push(turn);
      });
      status.textContent = words.length ? `${count(shown.length, "turn", "turns")} of ${turns.length}` : "";
      highlight(shown.flatMap(said), words);
      if (shown.length) shown[0].scrollIntoView({ behavior: "instant" });
    };
  }

  // An archive: the embedded conversations, parsed at the first search.
  function findInArchive(list, results, status) {
    let all = null;
    const load = () => [...document.querySelectorAll("script.data")].flatMap((block) => {
      const [about, ...turns] = JSON.parse(block.textContent);
      const head = { about, turn: 0, text: about.title, low: `${about.title}\n${about.name}`.toLowerCase() };
      return [head, ...turns.map(([turn, user, answer]) => {
        const text = `${user}\n${answer}`;
        return { about, turn, text, low: text.toLowerCase() };
      })];
    });
    return (words) => {
      list.hidden = words.length > 0;
      results.hidden = !words.length;
      results.replaceChildren();
      if (!words.length) { status.textContent = ""; return; }
      all ||= load();
      const found = all.filter((one) => words.every((word) => one.low.includes(word)));
      results.append(...found.slice(0, LIMIT).map((one) => result(one, words)));
      const more = found.length > LIMIT ? `; the first ${LIMIT} are shown` : "";
      status.textContent = found.length ? count(found.length, "match", "matches") + more : "No matches";
    };
  }

  function result(one, words) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = one.about.page + (one.turn ? `#turn-${one.turn}` : "");
    link.textContent = one.about.title;
    item.append(link);
    if (one.turn) {
      const place = document.createElement("span");
      place.className = "place";
      place.textContent = ` turn ${one.turn}`;
      const words_ = document.createElement("p");
      words_.className = "snippet";
      words_.append(...snippet(one, words));
      item.append(place, words_);
    }
    return item;
  }

  function snippet(one, words) {
    const at = Math.max(0, Math.min(...words.map((word) => one.low.indexOf(word)).filter((n) => n >= 0)) - 60);
    const cut = one.text.slice(at, at + 240);
    const low = cut.toLowerCase();
    const parts = [at ? "… " : ""];
    for (let from = 0; from < cut.length;) {
      let next = -1, length = 0;
      for (const word of words) {
        const here = low.indexOf(word, from);
        if (here >= 0 && (next < 0 || here < next)) { next = here; length = word.length; }
      }
      if (next < 0) { parts.push(cut.slice(from)); break; }
      const mark = document.createElement("mark");
      mark.textContent = cut.slice(next, next + length);
      parts.push(cut.slice(from, next), mark);
      from = next + length;
    }
    if (at + 240 < one.text.length) parts.push(" …");
    return parts;
  }

  // j and k: from where the reader is, or from what has the focus.
  function step(way) {
    const places = [...document.querySelectorAll(".turn, .list a")].filter((one) => one.offsetParent !== null);
    if (!places.length) return;
    const now = places.indexOf(document.activeElement.closest(".turn, .list a"));
    const line = document.querySelector(".bar").offsetHeight + 24;
    const below = places.findIndex((one) => one.getBoundingClientRect().top >= line - 8);
    let next = now >= 0 ? now + way : (below < 0 ? places.length : below) + (way > 0 ? 0 : -1);
    next = Math.max(0, Math.min(places.length - 1, next));
    places[next].focus({ preventScroll: true });
    places[next].scrollIntoView({ block: places[next].matches(".turn") ? "start" : "nearest" });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const search = document.getElementById("search");
    const status = document.getElementById("status");
    const results = document.getElementById("results");
    const find = results
      ? findInArchive(document.getElementById("list"), results, status)
      : findInPage([...document.querySelectorAll(".turn")], status);
    let waiting = 0;
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => find(terms(search.value)), 80);
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

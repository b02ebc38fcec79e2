// Makes the pages quicker to use; every one of them works without it.
"use strict";

// `/` goes to the search, `j` and `k` from story to story.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("q").select();
  } else if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll(".cards h2 a, .found h2 a, .articles h3 a, .news a")];
    if (links.length === 0) return;
    const at = links.indexOf(document.activeElement);
    const next = event.key === "j" ? at + 1 : at - 1;
    links[Math.max(0, Math.min(next, links.length - 1))].focus();
  }
});

// A passage lights up on both sides.
for (const kind of ["pointerover", "focusin", "pointerout", "focusout"]) {
  document.addEventListener(kind, (event) => {
    const passage = event.target.closest("[data-passage]");
    if (!passage) return;
    const lit = kind === "pointerover" || kind === "focusin";
    const number = CSS.escape(passage.dataset.passage);
    for (const part of document.querySelectorAll(`[data-passage="${number}"]`)) part.classList.toggle("lit", lit);
  });
}

// The live view. What comes is text and never markup.
const news = document.getElementById("news");
if (news && "EventSource" in window) {
  const MOST = 200;
  const state = document.getElementById("live-state");
  let next = Number(news.dataset.next);
  const tell = (event) => {
    const change = JSON.parse(event.data);
    next = change.change + 1;
    if (document.getElementById(`change-${change.change}`)) return;
    const make = (name, text, put = {}) => Object.assign(document.createElement(name), { textContent: text }, put);
    const item = make("li", "", { id: `change-${change.change}`, className: "new" });
    item.append(
      make("time", change.shown_time, { dateTime: change.time }), " ",
      make("span", change.what, { className: "tag" }), " ",
      make("a", change.headline, { href: change.link }), " ",
      make("span", change.told, { className: "faint" }),
    );
    news.prepend(item);
    while (news.children.length > MOST) news.lastElementChild.remove();
    document.getElementById("nothing").hidden = true;
  };
  const follow = () => {
    const source = new EventSource(`/live/events?since=${next}`);
    source.onopen = () => { state.textContent = "Following the collection"; };
    source.onerror = () => {
      state.textContent = "Not connected; trying again";
      // After an answer that is no stream a browser gives up.
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
    };
    source.addEventListener("change", tell);
  };
  follow();
}

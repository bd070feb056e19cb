// Live updates. The page works without them: this only asks for it again when something changed, and puts the part
// that changes by itself in place. What is being filled in stays as it is.
"use strict";

const live = document.getElementById("live");
const said = document.getElementById("said");
const address = document.body.dataset.events;

const say = (text) => {
  said.textContent = text;
};

// Where the keyboard is, so that it is there again afterwards.
const place = () => {
  const at = document.activeElement;
  if (!at || !live.contains(at)) return () => {};
  const all = () => [...live.querySelectorAll("a, button, summary, input, [tabindex]")];
  const same = (one) =>
    one.tagName === at.tagName && one.getAttribute("href") === at.getAttribute("href") && one.textContent === at.textContent;
  const number = all().filter(same).indexOf(at);
  return () => all().filter(same)[number]?.focus({ preventScroll: true });
};

// What a reader opened stays open.
const opened = () => {
  const names = [...live.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent);
  return () => {
    for (const summary of live.querySelectorAll("details > summary")) {
      if (names.includes(summary.textContent)) summary.parentElement.open = true;
    }
  };
};

// Times that only grew older are no news.
const news = (element) => {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  for (const open of copy.querySelectorAll("details[open]")) open.removeAttribute("open");
  return copy.innerHTML;
};

// A click is a press and a release on one element: nothing is put in its place between the two.
let release = () => {};
let released = Promise.resolve();
addEventListener("pointerdown", ({ button }) => {
  // The release of another button may be a menu's, which tells the page nothing of it.
  if (button !== 0) return;
  release();
  released = new Promise((resolve) => {
    release = resolve;
  });
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(release));

const refresh = async () => {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (!fresh) {
    say("This page cannot be shown any more. Reload it to see why.");
    return;
  }
  await released;
  const changed = news(fresh) !== news(live);
  const focus = place();
  const details = opened();
  live.replaceChildren(...fresh.childNodes);
  details();
  focus();
  if (changed) say(`Changed at ${new Date().toLocaleTimeString()}.`);
};

if (address && live) {
  const events = new EventSource(address);
  let busy = false;
  let again = false;
  const follow = async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        await refresh();
      }
    } catch {
      say("The dashboard cannot be reached. It is tried again.");
    } finally {
      busy = false;
    }
  };
  events.addEventListener("changed", follow);
  events.addEventListener("denied", () => {
    events.close();
    say("Changes cannot be followed with your rights. Reload the page to see them.");
  });
}

// Comfort only: every page works without this file.
"use strict";

// 1. Parts that refresh themselves: <div data-live="/address?part=live" data-every="10">.
function keepFresh(part) {
  const every = Number(part.dataset.every) * 1000;
  let shown = "";
  // A question stands outside the part that asks it; its form must still be there for the answer.
  const isInUse = () => part.contains(document.activeElement) || part.querySelector("details[open]") ||
    document.querySelector("dialog[open]");
  async function refresh() {
    if (document.hidden || isInUse()) return;
    const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // signed out meanwhile
    if (!answer.ok) return;
    const html = await answer.text();
    if (html === shown || isInUse()) return;
    part.innerHTML = shown = html;
    tellAloud(part);
    wireForms(part);
    tellTime();
  }
  async function round() {
    try {
      await refresh();
    } catch {
      // The server is away for a moment; the next round tries again.
    }
    // One request at a time: the next one starts only when this one has ended.
    if (part.isConnected && part.dataset.live) setTimeout(round, every);
  }
  setTimeout(round, every);
}

// A screen reader hears of a part that changes when its one sentence does, not at every number.
function tellAloud(part) {
  const listener = document.getElementById(part.dataset.says);
  const sentence = part.querySelector("[data-said]")?.textContent;
  if (listener && sentence && listener.textContent !== sentence) listener.textContent = sentence;
}

// 2. "in 5 min" stays true while the page is open, in the language of the part where it stands.
const STEPS = [[86400, "days"], [3600, "hours"], [60, "minutes"]];
const WORDS = {
  en: {
    now: "now", ahead: (words) => `in ${words}`, ago: (words) => `${words} ago`,
    days: (count) => (count === 1 ? "day" : "days"), hours: () => "h", minutes: () => "min", seconds: () => "s",
    no: "Not now", yes: "Yes",
  },
  zh: {
    now: "现在", ahead: (words) => `${words}后`, ago: (words) => `${words}前`,
    days: () => "天", hours: () => "小时", minutes: () => "分钟", seconds: () => "秒",
    no: "暂不", yes: "是",
  },
};

function wordsFor(part) {
  return WORDS[part.closest("[lang]")?.lang] || WORDS.en;
}

function distance(seconds, words) {
  const size = Math.abs(seconds);
  if (size < 10) return words.now;
  const [step, unit] = STEPS.find(([length]) => size >= length) || [1, "seconds"];
  const count = Math.floor(size / step);
  const minutes = Math.floor((size % 3600) / 60);
  const rest = step === 3600 && minutes ? ` ${minutes} ${words.minutes(minutes)}` : "";
  const said = `${count} ${words[unit](count)}${rest}`;
  return seconds > 0 ? words.ahead(said) : words.ago(said);
}

function tellTime() {
  for (const mark of document.querySelectorAll("time[data-relative]")) {
    mark.textContent = distance((Date.parse(mark.dateTime) - Date.now()) / 1000, wordsFor(mark));
  }
}

// 3. Forms: ask before what is hard to take back, and send each only once.
function ask(question, answer, place) {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = '<p></p><form method="dialog" class="actions"><button class="button" value="no"></button>' +
    '<button class="button primary" value="yes"></button></form>';
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[value=no]").textContent = wordsFor(place).no;
  dialog.lang = place.closest("[lang]")?.lang || "";
  dialog.querySelector("[value=yes]").textContent = answer;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

async function beforeSending(event) {
  const form = event.currentTarget;
  const button = event.submitter;
  if (button?.formTarget) return; // into a frame: the page stays, and may send again
  if (form.dataset.sent) return event.preventDefault();
  if (form.dataset.confirm && !form.dataset.confirmed) {
    event.preventDefault();
    if (await ask(form.dataset.confirm, form.dataset.answer || button?.textContent.trim() || wordsFor(form).yes, form)) {
      form.dataset.confirmed = "yes";
      form.requestSubmit(button);
    }
    return;
  }
  form.dataset.sent = "yes";
  button?.setAttribute("aria-disabled", "true");
}

function wireForms(root) {
  for (const form of root.querySelectorAll("form[method=post]")) form.addEventListener("submit", beforeSending);
  for (const choice of root.querySelectorAll(".filters select")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
}

// A page that comes back from the browser's memory may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    delete form.dataset.confirmed;
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});

// 4. The event form: the end follows the start, and leaving with unsaved words asks first.
function wireEventForm(form) {
  const at = (which) => Date.parse(`${form.elements[`${which}_date`].value}T${form.elements[`${which}_time`]?.value || "00:00"}Z`);
  let start = at("start");
  let length = at("end") - start;
  const show = (instant) => new Date(instant).toISOString();
  form.addEventListener("change", (event) => {
    if (event.target.name?.startsWith("start_") && !Number.isNaN(at("start"))) {
      start = at("start");
      if (length >= 0) {
        form.elements.end_date.value = show(start + length).slice(0, 10);
        if (form.elements.end_time) form.elements.end_time.value = show(start + length).slice(11, 16);
      }
    } else if (event.target.name?.startsWith("end_")) {
      length = at("end") - start;
    }
  });
  guardWords(form);
}

function guardWords(form) {
  let touched = false;
  form.addEventListener("input", () => (touched = true));
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.formTarget) touched = false;
  });
  addEventListener("beforeunload", (event) => touched && event.preventDefault());
}

// 5. The text of a campaign: a field is put in where the cursor is, and the preview follows what is typed.
function wireCampaignForm(form) {
  const isWord = (field) => /^(subject|text|html)_/.test(field?.name || "");
  let last = null;
  form.addEventListener("focusin", (event) => {
    if (isWord(event.target)) last = event.target;
  });
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-insert]");
    if (!chip) return;
    const target = last?.checkVisibility() ? last : [...form.querySelectorAll(".letter-text")].find((field) => field.checkVisibility());
    target.setRangeText(chip.dataset.insert, target.selectionStart, target.selectionEnd, "end");
    target.focus();
    target.dispatchEvent(new Event("input", { bubbles: true }));
  });
  let waiting;
  form.addEventListener("input", (event) => {
    if (!isWord(event.target) && !/^(as|as_address|view|language|purpose|from_name|name|default_locale)$/.test(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => showPreview(form), 600);
  });
  guardWords(form);
  showPreview(form);
}

function showPreview(form) {
  const shown = form.querySelector("iframe[name=preview]");
  if (!shown) return;
  const fresh = shown.cloneNode(); // a new frame each time: looking leaves no steps in the browser's history
  fresh.removeAttribute("src");
  fresh.classList.add("loading");
  shown.removeAttribute("name");
  shown.after(fresh);
  fresh.addEventListener("load", () => {
    for (const frame of form.querySelectorAll(".preview > iframe")) if (frame !== fresh) frame.remove();
    fresh.classList.remove("loading");
  });
  const files = form.querySelectorAll("[type=file]");
  for (const field of files) field.disabled = true;
  form.requestSubmit(form.querySelector("[data-preview]"));
  for (const field of files) field.disabled = false;
}

document.querySelectorAll("[data-live]").forEach(keepFresh);
document.querySelectorAll(".event-form").forEach(wireEventForm);
wireForms(document);
document.querySelectorAll(".campaign-form").forEach(wireCampaignForm);
tellTime();
setInterval(tellTime, 10000);
document.querySelector("[aria-invalid=true], [data-first]")?.focus();

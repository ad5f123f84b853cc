// The page: makes `exchange()` reachable for the driver, and shows every step, so that a failed test can be looked at.

import { exchange, watch } from "./exchange.js";

/** What is longer than this, in characters, is cut in the log. */
const LONGEST_TEXT_SHOWN = 300;

const rows = document.querySelector("#log tbody");

watch(({ name, host, step, outcome }) => {
  const row = rows.insertRow();
  for (const text of [name, host, JSON.stringify(step), JSON.stringify(outcome)]) {
    row.insertCell().textContent =
      text.length > LONGEST_TEXT_SHOWN ? `${text.slice(0, LONGEST_TEXT_SHOWN)}…` : text;
  }
  row.classList.toggle("failed", ["ended", "silence", "threw"].includes(outcome.kind));
});

globalThis.exchange = exchange;

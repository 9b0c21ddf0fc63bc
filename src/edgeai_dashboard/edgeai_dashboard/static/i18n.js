// Words in the reader's language.

import { ENGLISH } from "./strings_en.js";
import { FRENCH } from "./strings_fr.js";

export const LANGUAGES = { en: ENGLISH, fr: FRENCH };
const KEPT = "edgeai-language";

let words = ENGLISH;

/** Return the language that was chosen, else the browser's, else English. */
export function preferred() {
  const chosen = localStorage.getItem(KEPT);
  if (chosen in LANGUAGES) return chosen;
  return (navigator.languages || [navigator.language])
    .map((language) => language.slice(0, 2))
    .find((language) => language in LANGUAGES) || "en";
}

/** Speak a language from now on. */
export function speak(language) {
  words = LANGUAGES[language];
  document.documentElement.lang = language;
  localStorage.setItem(KEPT, language);
}

/** Return the words of a key; {name} is replaced by the value of that name. */
export function t(key, values = {}) {
  const text = words[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Return what a node explained, which comes in every language, in the reader's. */
export function own(told) {
  return told[document.documentElement.lang] ?? told.en;
}

/** Return the words of a key if there are any, else a plain text. */
export function known(key, otherwise) {
  return words[key] ?? otherwise;
}

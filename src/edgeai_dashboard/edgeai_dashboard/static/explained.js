// The sentence that belongs to a heat-map; the server reads it from the picture, in every language.

import { own } from "./i18n.js";

/** Return why a picture of evidence looks so, empty when it says nothing. */
export async function whyOf(source) {
  const answer = await fetch(source, { headers: { Range: "bytes=0-0" }, credentials: "same-origin" });
  const why = answer.ok ? answer.headers.get("X-Edgeai-Why") : null;
  return why ? own(JSON.parse(why)) : "";
}

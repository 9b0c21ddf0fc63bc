// The page: who is logged in, which view is shown, what the socket tells.

import { Live, Refused, ask, useToken } from "./api.js";
import { showAlerts } from "./alerts.js";
import { choice, h } from "./dom.js";
import { LANGUAGES, own, preferred, speak, t } from "./i18n.js";
import { showLive } from "./live.js";
import { showLogin } from "./login.js";
import { showPeople } from "./people.js";
import { showSettings } from "./settings.js";
import { showSystem } from "./system.js";
import { showThings } from "./things.js";
import { showZones } from "./zones.js";

// The server refuses what a role may not; the page just does not offer it.
const VIEWS = [
  { key: "live", show: showLive, needs: "account" },
  { key: "alerts", show: showAlerts, needs: "operate" },
  { key: "people", show: showPeople, needs: "enrol" },
  { key: "things", show: showThings, needs: "operate" },
  { key: "zones", show: showZones, needs: "operate" },
  { key: "system", show: showSystem, needs: "account" },
  { key: "settings", show: showSettings, needs: "owner" },
];
const THEME = "edgeai-theme";
const root = document.getElementById("main");
const header = document.getElementById("header");
const said = document.getElementById("said");

let user = null;
let live = null;
let state = null;
let leave = () => {};
let fading = 0;

/** Whether the person who is logged in may do something. */
function can(need) {
  if (user === null) return false;
  if (need === "account") return true;
  return need === "owner" ? user.role === "owner" : user.permissions.includes(need);
}

/** Tell something; screen readers read it out. */
function say(message, kind = "info") {
  clearTimeout(fading);
  said.textContent = message;
  said.className = kind;
  fading = setTimeout(() => {
    said.textContent = "";
    said.className = "";
  }, 8000);
}

/** Run what may be refused; tell the refusal. Returns undefined then. */
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) end(t("app.over"));
    else say(t("app.error", { message: error.message }), "problem");
    return undefined;
  }
}

const context = { can, say, attempt, state: () => state, user: () => user, live: () => live };

function views() {
  return VIEWS.filter((view) => can(view.needs));
}

function show() {
  leave();
  leave = () => {};
  if (user === null) {
    showHeader();
    showLogin(root, begin);
    return;
  }
  const offered = views();
  const view = offered.find(({ key }) => `#${key}` === location.hash) || offered[0];
  showHeader(view.key);
  document.title = `${t(`nav.${view.key}`)} · edgeai`;
  root.replaceChildren();
  leave = view.show(root, context) || (() => {});
  root.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function showHeader(current = "") {
  document.getElementById("skip").textContent = t("app.skip");
  const language = choice(
    Object.keys(LANGUAGES).map((key) => [key, key.toUpperCase()]),
    document.documentElement.lang,
    {
      "aria-label": t("app.language"),
      onchange: (event) => {
        speak(event.target.value);
        show();
      },
    },
  );
  const theme = h("button", { class: "quiet", "aria-label": t("app.theme"), onclick: changeTheme }, "◐");
  const nav =
    user === null
      ? null
      : h(
          "nav",
          { "aria-label": t("app.nav") },
          views().map(({ key }) =>
            h("a", { href: `#${key}`, "aria-current": key === current ? "page" : null }, t(`nav.${key}`)),
          ),
        );
  const account =
    user === null
      ? null
      : [
          h("span", { class: "user" }, `${user.name} · ${t(`role.${user.role}`)}`),
          h("button", { class: "quiet", id: "logout", onclick: logOut }, t("app.logout")),
        ];
  header.replaceChildren(h("span", { class: "brand" }, "edgeai"), ...[nav].filter(Boolean), h("div", { class: "tools" }, account, language, theme));
}

function changeTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
  useTheme(dark ? "light" : "dark");
}

function useTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(THEME, theme);
}

function begin(session) {
  useToken(session.csrf);
  user = session.user;
  if (user !== null) openLive();
  show();
}

function end(message) {
  live?.close();
  live = null;
  state = null;
  user = null;
  useToken("");
  show();
  if (message) say(message);
}

function openLive() {
  live?.close();
  live = new Live();
  live.addEventListener("state", ({ detail }) => {
    state = detail;
  });
  live.addEventListener("alert", ({ detail }) => say(t("alerts.new", { title: own(detail.alert.titles) })));
  live.addEventListener("refused", ({ detail }) => say(detail.error, "problem"));
  live.addEventListener("lost", checkSession);
  live.addEventListener("over", () => end(t("app.over")));
  live.open();
}

/** Find out why the socket was lost: the network, or the session is over. */
async function checkSession() {
  say(t("app.lost"), "problem");
  const session = await ask("GET", "/session").catch(() => null);
  if (session !== null && session.user === null) end(t("app.over"));
}

async function logOut() {
  await attempt(() => ask("POST", "/logout"));
  end("");
}

speak(preferred());
const kept = localStorage.getItem(THEME);
if (kept === "dark" || kept === "light") useTheme(kept);
addEventListener("hashchange", show);
begin(await ask("GET", "/session"));

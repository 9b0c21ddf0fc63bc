// The log-in form.

import { ask } from "./api.js";
import { field, h } from "./dom.js";
import { t } from "./i18n.js";

/** Show the form; call `entered` with the session once the server opened one. */
export function showLogin(root, entered) {
  const name = h("input", { name: "name", autocomplete: "username", required: true, autocapitalize: "none" });
  const password = h("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = h("button", { class: "primary", type: "submit" }, t("login.submit"));

  async function enter(event) {
    event.preventDefault();
    submit.disabled = true;
    problem.textContent = "";
    try {
      entered(await ask("POST", "/login", { name: name.value, password: password.value }));
    } catch (error) {
      if (error.code === "password") problem.textContent = t("login.wrong");
      else if (error.code === "wait") {
        problem.textContent = t("login.wait", { seconds: Math.ceil(error.waitSeconds) });
      } else problem.textContent = t("app.error", { message: error.message });
      password.value = "";
      password.focus();
    } finally {
      submit.disabled = false;
    }
  }

  root.replaceChildren(
    h(
      "form",
      { class: "card narrow", onsubmit: enter, "aria-labelledby": "login-title" },
      h("h1", { id: "login-title" }, t("login.title")),
      field(t("login.name"), name),
      field(t("login.password"), password),
      problem,
      submit,
      h("p", { class: "hint" }, t("login.hint")),
    ),
  );
  name.focus();
}

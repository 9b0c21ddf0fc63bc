// Who is enrolled: enrol from an upload or this device's camera, role, revoke, rename, forget.

import { ask } from "./api.js";
import { takePictures } from "./capture.js";
import { choice, field, h } from "./dom.js";
import { own, t } from "./i18n.js";

const ROLES = ["guest", "operator", "member", "owner"];

/** Show the view. */
export function showPeople(root, context) {
  const list = h("ul", { class: "plain people", "aria-busy": "true" });
  const empty = h("p", { hidden: true }, t("people.empty"));

  async function load() {
    const answer = await context.attempt(() => ask("GET", "/people"));
    if (!answer) return;
    list.replaceChildren(...answer.people.map((person) => row(person, change)));
    list.setAttribute("aria-busy", "false");
    empty.hidden = answer.people.length > 0;
  }

  async function change(action, name, value = "") {
    const answer = await context.attempt(() => ask("POST", "/people/manage", { action, name, value }));
    if (answer) context.say(answer.message);
    await load();
  }

  const enrolment = enrolForm(context, load);
  root.append(h("h1", {}, t("people.title")), h("div", { class: "columns" }, h("section", { class: "card wide" }, list, empty), enrolment.element));
  load();
  return enrolment.end;
}

function row(person, change) {
  const role = choice(
    ROLES.map((name) => [name, t(`role.${name}`)]),
    person.role,
    {
      "aria-label": t("people.role", { name: person.name }),
      onchange: (event) => change("role", person.name, event.target.value),
    },
  );
  const buttons = [
    person.authorised
      ? h("button", { onclick: () => change("revoke", person.name) }, t("people.revoke"))
      : h("button", { onclick: () => change("authorise", person.name) }, t("people.authorise")),
    h("button", { onclick: rename }, t("people.rename")),
    h("button", { class: "danger forget", onclick: forget }, t("people.forget")),
  ];

  async function rename() {
    const name = await askFor(t("people.new_name", { name: person.name }), person.name);
    if (name && name !== person.name) change("rename", person.name, name);
  }

  async function forget() {
    const sure = await askFor(t("people.forget_sure", { name: person.name }), null, t("people.forget"));
    if (sure) change("forget", person.name);
  }

  return h(
    "li",
    { "data-name": person.name },
    h("h2", {}, person.name),
    h("p", { class: "hint" }, own(person.refusals) || t("people.can")),
    h("div", { class: "row" }, role, buttons),
  );
}

/** Ask in a dialog; the answer is the text, or "yes" where no text is asked for, or "". */
function askFor(question, text, confirm = t("app.save")) {
  const input = text === null ? null : h("input", { value: text, maxlength: 64, "aria-label": question });
  const dialog = h(
    "dialog",
    { "aria-labelledby": "question" },
    h(
      "form",
      { method: "dialog" },
      h("p", { id: "question" }, question),
      input,
      h(
        "div",
        { class: "row" },
        h("button", { value: "yes", class: text === null ? "danger" : "primary" }, confirm),
        h("button", { value: "", type: "button", onclick: () => dialog.close("") }, t("app.cancel")),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? (input ? input.value.trim() : "yes") : "");
    });
  });
}

function enrolForm(context, enrolled) {
  const name = h("input", { required: true, maxlength: 64, id: "enrol-name" });
  const files = h("input", { type: "file", multiple: true, required: true, accept: "video/*,image/jpeg,image/png", id: "enrol-files" });
  const authorised = h("input", { type: "checkbox", checked: true });
  const progress = h("p", { class: "hint", role: "status" });
  const preview = h("video", { class: "preview", muted: true, playsinline: true, hidden: true, "aria-hidden": "true" });
  const submit = h("button", { class: "primary", type: "submit" }, t("people.upload"));
  const camera = h("button", { type: "button", onclick: useCamera }, t("people.camera"));
  let stop = () => {};

  async function send(event) {
    event.preventDefault();
    await upload([...files.files]);
  }

  async function useCamera() {
    if (!name.reportValidity()) return;
    camera.disabled = true;
    const taking = takePictures(preview, (count, total) => {
      progress.textContent = t("people.turn", { count, total });
    });
    stop = taking.stop;
    try {
      const pictures = await taking.pictures;
      if (pictures.length) await upload(pictures);
    } catch (error) {
      progress.textContent = t("people.no_camera", { message: error.message });
    } finally {
      camera.disabled = false;
    }
  }

  async function upload(chosen) {
    const body = new FormData();
    body.append("name", name.value.trim());
    body.append("authorised", String(authorised.checked));
    for (const file of chosen) body.append("files", file);
    submit.disabled = true;
    progress.textContent = t("people.busy");
    const answer = await context.attempt(() => ask("POST", "/people", body));
    submit.disabled = false;
    progress.textContent = answer ? t("people.result", answer) : "";
    if (!answer) return;
    form.reset();
    await enrolled();
  }

  const form = h(
    "form",
    { class: "card", onsubmit: send, "aria-labelledby": "enrol-title" },
    h("h2", { id: "enrol-title" }, t("people.enrol")),
    field(t("people.name"), name),
    h("label", { class: "check" }, authorised, t("people.authorised")),
    field(t("people.files"), files),
    preview,
    progress,
    h("div", { class: "row" }, submit, camera),
  );
  return { element: form, end: () => stop() };
}

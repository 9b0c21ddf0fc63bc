// Which camera a view is about: chosen once, and the same in the next view.

import { field, fill, h } from "./dom.js";
import { t } from "./i18n.js";

let chosen = "";

/**
 * Return the choice of a camera, which is shown where there are several.
 * @param {() => void} changed  called when another camera is meant, and when the first is known
 */
export function cameraChoice(changed) {
  let cameras = null;
  const select = h("select", {
    id: "camera",
    onchange: () => {
      chosen = select.value;
      changed();
    },
  });
  const element = field(t("live.camera"), select);
  element.hidden = true;
  const camera = () => (cameras?.includes(chosen) ? chosen : cameras?.[0] || "");
  return {
    element,
    camera,
    /** The camera where it must be said which is meant, else nothing. */
    among: () => (cameras?.length > 1 ? camera() : ""),
    offer(offered) {
      if (offered.join() === cameras?.join()) return;
      cameras = offered;
      fill(select, cameras.map((name) => [name, name]), camera());
      element.hidden = cameras.length < 2;
      changed();
    },
  };
}

// Pictures of a camera for a view, as long as it is shown and the tab is seen.

/**
 * Watch a camera; return what ends it.
 * @param {Live} live  the socket
 * @param {() => string} camera  name of the camera
 * @param {(bitmap: ImageBitmap, head: object) => void} show  takes each picture
 */
export function watchCamera(live, camera, show) {
  let decoding = false;
  let ended = false;

  // Pictures of the camera that was shown before may still be on their way.
  const meant = ({ head }) => !ended && head.camera === camera();

  async function take({ detail }) {
    if (decoding || !meant(detail)) return; // the newest that comes after is shown instead
    decoding = true;
    try {
      const bitmap = await createImageBitmap(detail.jpeg);
      if (meant(detail)) show(bitmap, detail.head);
      bitmap.close();
    } finally {
      decoding = false;
    }
  }

  function follow() {
    if (document.hidden) live.unwatch();
    else if (camera()) live.watch(camera());
  }

  live.addEventListener("picture", take);
  document.addEventListener("visibilitychange", follow);
  follow();
  return {
    again: follow,
    end() {
      ended = true;
      live.removeEventListener("picture", take);
      document.removeEventListener("visibilitychange", follow);
      live.unwatch();
    },
  };
}

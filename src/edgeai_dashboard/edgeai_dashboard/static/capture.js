// Pictures of a face from this device's own camera; nothing is sent before all are taken.

const TOTAL = 20;
const PAUSE_MS = 200;

/**
 * Take pictures.
 * @param {HTMLVideoElement} preview  shows the camera meanwhile
 * @param {(count: number, total: number) => void} progress  told after each
 * @return {{pictures: Promise<Blob[]>, stop: () => void}}  none after a stop
 */
export function takePictures(preview, progress) {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  return { pictures: taken(preview, progress, () => stopped), stop };
}

async function taken(preview, progress, stopped) {
  // Browsers offer cameras to pages of this machine or with TLS only.
  if (!navigator.mediaDevices) throw new Error("HTTPS");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" }, audio: false });
  try {
    preview.srcObject = stream;
    preview.hidden = false;
    await preview.play();
    const canvas = document.createElement("canvas");
    canvas.width = preview.videoWidth;
    canvas.height = preview.videoHeight;
    const pen = canvas.getContext("2d");
    const pictures = [];
    while (pictures.length < TOTAL && !stopped()) {
      pen.drawImage(preview, 0, 0);
      pictures.push(await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92)));
      progress(pictures.length, TOTAL);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return stopped() ? [] : pictures;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    preview.srcObject = null;
    preview.hidden = true;
  }
}

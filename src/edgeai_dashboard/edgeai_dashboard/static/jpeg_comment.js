// The sentence that a picture of evidence carries in itself: the comment after a JPEG's first marker.

const HEAD_BYTES = 1024;

/** Return the comment of a JPEG that the server has, empty when it has none. */
export async function commentOf(source) {
  const answer = await fetch(source, {
    headers: { Range: `bytes=0-${HEAD_BYTES - 1}` },
    credentials: "same-origin",
  });
  if (!answer.ok) return "";
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const [start, soi, marker, com] = bytes;
  if (start !== 0xff || soi !== 0xd8 || marker !== 0xff || com !== 0xfe) return "";
  // The length counts its own two bytes.
  const length = 256 * bytes[4] + bytes[5];
  return new TextDecoder().decode(bytes.subarray(6, 4 + length));
}

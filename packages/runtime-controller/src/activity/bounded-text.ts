/** The body of an answer as text. @throws Error when it is longer than that. */
export async function boundedText(response: Response, longestBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (!body) return "";
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > longestBytes) throw new Error(`an answer is longer than ${longestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The host of a link, or nothing when it has none. */
export function hostOf(url: string): string {
  try {
    return new URL(url.startsWith('//') ? `https:${url}` : url).host;
  } catch {
    return '';
  }
}

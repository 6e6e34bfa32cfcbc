// A mail's header fields as they came, unfolded (RFC 5322 section 2.2.3), for the reader's eyes. Pure.

export interface Field { name: string; value: string }

export function headerFields(source: string): Field[] {
  const end = source.search(/\r?\n\r?\n/);
  const lines = (end < 0 ? source : source.slice(0, end)).split(/\r?\n/);
  const out: Field[] = [];
  for (const line of lines) {
    const last = out[out.length - 1];
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line) && last) last.value += `\n${line.trim()}`;
    else if (colon > 0) out.push({ name: line.slice(0, colon), value: line.slice(colon + 1).trim() });
  }
  return out;
}

/** Words that scripts say. Server-rendered text is translated by Django; this is only for what arises in the browser. */
export interface Words {
  zh: string;
  en: string;
}

/** Picks the page's language and fills `{name}` places. */
export function say(words: Words, values: Record<string, string | number> = {}): string {
  const text = document.documentElement.lang.toLowerCase().startsWith("zh") ? words.zh : words.en;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

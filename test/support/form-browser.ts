/** More pages than a sign-in has. */
const MOST_PAGES = 20;

/**
 * A browser of a person who submits each form that is shown: it follows redirects and keeps cookies. `change` may change the fields of a form.
 * Returns the last page.
 */
export async function browseForms(
  start: string,
  change: (fields: URLSearchParams) => void = () => undefined,
): Promise<string> {
  const cookies = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form !== undefined && { method: 'POST', body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    const text = await response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1];
    if (location === null && action === undefined) return text;
    url = new URL(location ?? action ?? '', url).href;
    form = location === null ? fieldsOf(text) : undefined;
    if (form !== undefined) change(form);
  }
  throw new Error(`The sign-in has more than ${MOST_PAGES} pages, the last is ${url}`);
}

function fieldsOf(page: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [input] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g))
    fields.set(/ name="([^"]+)"/.exec(input)?.[1] ?? '', / value="([^"]*)"/.exec(input)?.[1] ?? '');
  return fields;
}

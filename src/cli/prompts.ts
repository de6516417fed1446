/** Loads the prompts. Only a person in a terminal sees them, so most commands do without. */
export function loadPrompts() {
  return import('@clack/prompts');
}

export type Prompts = Awaited<ReturnType<typeof loadPrompts>>;

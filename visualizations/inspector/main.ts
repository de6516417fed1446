import type { ClientView } from '../../src/inspect/records.js';
import { Actors } from './actors.js';
import { byId, h, reconcile, setAttribute, setText } from './dom.js';
import { Feed } from './feed.js';
import { duration } from './format.js';
import { Log } from './log.js';
import { Meters } from './meters.js';
import { RequestRegistry } from './requests.js';
import { Sequence } from './sequence.js';
import { Statecharts } from './statecharts.js';
import { nameOf, Story } from './story.js';
import { Timeline } from './timeline.js';
import type { Panel, View } from './view.js';

/** The time between two updates of the page, in ms. It keeps the load low at 1,000 requests a second. */
const FRAME = 80;

/** The time after which ages are updated without new records, in ms. */
const TICK = 500;

/** Up to this number of clients, each tab shows the full name and state. */
const MOST_WIDE_TABS = 8;

const story = new Story();
let chosen: number | undefined;
/** The shown moment; undefined for live. */
let moment: number | undefined;
/** The number of records until that moment. */
let momentEnd = 0;
let announced = '';
let version = story.version;
let scheduled = false;

const feed = new Feed(
  (message) => {
    story.take(message);
    draw();
  },
  (connected) => {
    setAttribute(document.body, 'data-connected', String(connected));
    setText(byId('link-state'), connected ? '' : 'The program has ended or is not reachable. This page waits for it.');
    byId('link-state').hidden = connected;
    draw();
  },
);

/** Whether the page shows a recording. */
function recorded(): boolean {
  return Object.values(story.live.clients).some(({ recording }) => recording);
}

/** The current time; for a recording, the time of its end. */
function present(): number {
  return recorded() ? story.live.at : feed.now();
}

const charts = new Statecharts(byId('charts'));
const sequence = new Sequence(byId('sequence'), byId('lanes'), byId('with-actors'));
const log = new Log(
  {
    scroller: byId('log'),
    search: byId('search'),
    filters: byId('filters'),
    detail: byId('detail'),
    count: byId('log-count'),
  },
  draw,
);
const timeline = new Timeline(
  {
    slider: byId('slider'),
    bands: byId('bands'),
    density: byId('density'),
    head: byId('playhead'),
    start: byId('timeline-start'),
    end: byId('timeline-end'),
    moment: byId('moment'),
    live: byId('live'),
  },
  goTo,
);
const panels: readonly Panel[] = [
  charts,
  new Actors(byId('actors')),
  new RequestRegistry(byId('requests'), byId('requests-total')),
  new Meters(byId('meters')),
  sequence,
  log,
  timeline,
];

/** Schedules an update. Several calls cause one update. */
function draw(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    requestAnimationFrame(() => {
      scheduled = false;
      render();
    });
  }, FRAME);
}

function render(): void {
  if (story.version !== version) {
    version = story.version;
    if (moment !== undefined) momentEnd = story.indexAt(moment);
  }
  const live = moment === undefined;
  const end = live ? story.records.length : momentEnd;
  const world = live ? story.live : story.worldAt(end);
  const clients = Object.values(world.clients);
  const client = world.clients[chosen ?? -1] ?? clients[0];
  const view: View = { story, world, client, end, now: moment ?? present(), live };
  setAttribute(document.body, 'data-live', String(live));
  drawKind(clients[0]);
  byId('empty').hidden = clients.length > 0;
  drawClients(clients, client);
  drawHead(client, view.now);
  for (const panel of panels) panel.update(view);
}

/** Shows whether the page is live, paused or shows a recording. */
function drawKind(first: ClientView | undefined): void {
  const recording = recorded();
  setText(byId('kind'), recording ? 'recording' : 'inspector');
  setText(byId('live-name'), recording ? 'End' : 'Live');
  const title = recording && first !== undefined ? `${nameOf(first)} – recording` : 'mcp-actors inspector';
  if (document.title !== title) document.title = title;
}

function drawClients(clients: readonly ClientView[], client: ClientView | undefined): void {
  const tabs = byId('clients');
  tabs.classList.toggle('many', clients.length > MOST_WIDE_TABS);
  reconcile(
    tabs,
    clients,
    ({ c }) => String(c),
    ({ c }) => {
      const tab = h(
        'button',
        { role: 'tab', class: 'client' },
        h('span', { class: 'dot' }),
        h('span', { class: 'client-name' }),
        h('span', { class: 'client-state' }),
      );
      tab.addEventListener('click', () => {
        choose(c);
      });
      return tab;
    },
    (tab, one) => {
      const [, name, state] = tab.children;
      if (name !== undefined) setText(name, nameOf(one));
      if (state !== undefined) setText(state, one.tag);
      setAttribute(tab, 'data-tone', one.tag);
      setAttribute(tab, 'title', `${nameOf(one)}: ${one.tag}`);
      const selected = one.c === client?.c;
      // One tab stop for all tabs; the arrow keys select the others.
      setAttribute(tab, 'tabindex', selected ? '0' : '-1');
      if (selected && tab.getAttribute('aria-selected') !== 'true') showTab(tab as HTMLElement);
      setAttribute(tab, 'aria-selected', String(selected));
    },
  );
}

/** Scrolls the selected tab into view, and moves the focus to it if another tab has the focus. */
function showTab(tab: HTMLElement): void {
  // The element may not be in the page yet.
  requestAnimationFrame(() => {
    tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    if (byId('clients').contains(document.activeElement)) tab.focus();
  });
}

function drawHead(client: ClientView | undefined, now: number): void {
  const badge = byId('state');
  setText(badge, client?.tag ?? '–');
  setAttribute(badge, 'data-tone', client?.tag ?? 'idle');
  setText(byId('state-since'), client === undefined ? '' : `for ${duration(now - client.tagSince)}`);
  const about =
    client === undefined
      ? []
      : [
          client.server,
          client.revision,
          client.era,
          client.transport,
          client.epoch === 0 ? undefined : `link ${client.epoch}`,
        ];
  setText(byId('about'), about.filter((part) => part !== undefined && part !== '').join('  ·  '));
  const said = client === undefined ? '' : `${nameOf(client)} is ${client.tag}`;
  if (said !== announced) {
    announced = said;
    setText(byId('announcer'), said);
  }
}

function choose(c: number | undefined): void {
  chosen = c;
  draw();
}

/** Shows an earlier moment. */
function goTo(at: number): void {
  const last = story.records.at(-1);
  moment = at;
  momentEnd = story.indexAt(at);
  if (last === undefined) moment = undefined;
  draw();
}

/** Moves the shown moment by a number of records. */
function step(by: number): void {
  const end = moment === undefined ? story.records.length : momentEnd;
  const next = Math.max(1, Math.min(story.records.length, end + by));
  const record = story.records[next - 1];
  if (record === undefined) return;
  moment = record.at;
  momentEnd = next;
  draw();
}

function goLive(): void {
  moment = undefined;
  draw();
}

function toggleLive(): void {
  if (moment === undefined) goTo(present());
  else goLive();
}

function switchClient(by: number): void {
  const clients = Object.keys(story.live.clients).map(Number);
  const at = clients.indexOf(chosen ?? clients[0] ?? -1);
  choose(clients[(at + by + clients.length) % clients.length]);
}

function toggleTheme(): void {
  const { dataset } = document.documentElement;
  const dark =
    dataset.theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : dataset.theme === 'dark';
  dataset.theme = dark ? 'light' : 'dark';
  try {
    localStorage.setItem('mcp-actors-inspector-theme', dataset.theme);
  } catch {
    // Without storage the theme is lost when the page is reloaded.
  }
}

function restoreTheme(): void {
  try {
    const theme = localStorage.getItem('mcp-actors-inspector-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // The theme of the system is used.
  }
}

const help = byId<HTMLDialogElement>('help');

const KEYS: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
  ' ': toggleLive,
  ArrowLeft: ({ shiftKey }) => {
    step(shiftKey ? -20 : -1);
  },
  ArrowRight: ({ shiftKey }) => {
    step(shiftKey ? 20 : 1);
  },
  Home: () => {
    step(-Infinity);
  },
  End: goLive,
  l: goLive,
  '[': () => {
    switchClient(-1);
  },
  ']': () => {
    switchClient(1);
  },
  '/': () => {
    byId<HTMLInputElement>('search').focus();
  },
  a: () => {
    byId<HTMLInputElement>('with-actors').click();
  },
  t: toggleTheme,
  '?': () => {
    if (help.open) help.close();
    else help.showModal();
  },
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  if (target instanceof HTMLInputElement && target.type === 'search') {
    if (event.key === 'Escape') target.blur();
    return;
  }
  // A focused control handles these keys itself, unless it is hidden already: a button of the help keeps the focus until the next update.
  const own =
    target.checkVisibility() && target.closest('button:not([aria-selected=true]), a, input, [role=listbox]') !== null;
  if (own && (event.key === ' ' || event.key.startsWith('Arrow') || event.key === 'Home' || event.key === 'End'))
    return;
  if (/^[1-9]$/.test(event.key)) charts.choose(Number(event.key) - 1);
  const act = KEYS[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act(event);
});

byId('clients').addEventListener('keydown', (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  switchClient(by);
});
byId('live').addEventListener('click', toggleLive);
byId('back').addEventListener('click', () => {
  step(-1);
});
byId('forward').addEventListener('click', () => {
  step(1);
});
byId('theme').addEventListener('click', toggleTheme);
byId('help-button').addEventListener('click', () => {
  help.showModal();
});
byId('with-actors').addEventListener('change', draw);
byId('slider').addEventListener('keydown', (event) => {
  const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -20, PageUp: 20 }[event.key];
  if (event.key === 'End') goLive();
  else if (event.key === 'Home') step(-Infinity);
  else if (by !== undefined) step(by);
  else return;
  event.preventDefault();
});
restoreTheme();
setInterval(draw, TICK);
draw();

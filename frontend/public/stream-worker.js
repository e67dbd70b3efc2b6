// Follows the cloud once for all tabs of a browser: a connection a tab would use up the six that a host gets.
// Plain JavaScript, served as it is. A tab says {session: token} first, 'signed-out' and 'bye'. Each tab is told
//   {type: 'status', status: 'connecting' | 'live' | 'reconnecting' | 'signed-out'}
//   {type: 'begun', position}     what happened up to this position is not told: it must have been read
//   {type: 'events', events}      in the order of their positions, each once
//   {type: 'summary', summary}    {type: 'metrics', points}, the newest last
//   {type: 'lost'}                what is shown must be read anew: the position is none of this cloud's
const KEPT_POINTS = 600;
const SILENCE_MS = 40000;
const LONGEST_PAUSE_MS = 5000;
const tabs = new Set();
let status = 'connecting';
let summary = null;
let points = [];
let last = null;
let waiting = [];
let failures = 0;
let isRunning = false;
let isSignedOut = false;
let session = null;
let abort = new AbortController();

const tell = (message) => tabs.forEach((tab) => tab.postMessage(message));

function become(next) {
  if (next === status) return;
  status = next;
  isSignedOut = next === 'signed-out';
  tell({ type: 'status', status });
}

function flush() {
  if (waiting.length > 0) tell({ type: 'events', events: waiting });
  waiting = [];
}

// One message of the stream. What was seen before, because a connection broke off late, is left out.
function take(name, id, data) {
  if (name === 'end') return become('signed-out');
  if (name === 'cut') return;
  const body = JSON.parse(data);
  if (name === 'summary') {
    summary = body;
    tell({ type: 'summary', summary });
  } else if (name === 'metrics') {
    points = [...points.slice(1 - KEPT_POINTS), body];
    tell({ type: 'metrics', points: [body] });
  } else if (id !== null && (last === null || id > last)) {
    last = id;
    if (name === 'hello') return tell({ type: 'begun', position: id });
    if (waiting.length === 0) setTimeout(flush, 50);
    waiting.push(body);
  }
}

// Reads server-sent events from a body, whichever way it is cut into chunks.
async function read(body, heard) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let message = { name: 'message', id: null, data: '' };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop();
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      const at = line.indexOf(':');
      if (line === '') {
        if (message.data !== '') take(message.name, message.id, message.data);
        message = { name: 'message', id: null, data: '' };
      } else if (at > 0) {
        const text = line.slice(at + 1).replace(/^ /, '');
        const field = line.slice(0, at);
        if (field === 'event') message.name = text;
        if (field === 'id') message.id = Number(text);
        if (field === 'data') message.data += text;
      }
    }
  }
}

async function follow() {
  abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), SILENCE_MS);
  };
  try {
    const token = session;
    const headers = { Authorization: `Bearer ${token}` };
    if (last !== null) headers['Last-Event-ID'] = String(last);
    const answer = await fetch('/api/dashboard/stream', { headers, signal: abort.signal, cache: 'no-store' });
    if (token !== session) return;
    if (answer.status === 401) return become('signed-out');
    if (answer.status === 422 && last !== null) {
      last = null;
      points = [];
      tell({ type: 'lost' });
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    failures = 0;
    become('live');
    await read(answer.body, heard);
  } catch {
    failures += 1;
  } finally {
    clearTimeout(timer);
  }
}

async function run() {
  if (isRunning) return;
  isRunning = true;
  while (status !== 'signed-out' && tabs.size > 0) {
    await follow();
    if (status === 'signed-out' || tabs.size === 0) break;
    become('reconnecting');
    const pause = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  isRunning = false;
  forget();
}

// Whoever signs in next may be somebody else.
function forget() {
  last = null;
  points = [];
  summary = null;
  waiting = [];
  status = 'connecting';
  if (tabs.size > 0 && !isSignedOut) run();
}

// Somebody signed in again: what was followed until now may be another account's.
function change(token) {
  const isFirst = session === null;
  session = token;
  if (isFirst) return;
  last = null;
  points = [];
  summary = null;
  waiting = [];
  tell({ type: 'lost' });
  abort.abort();
}

function join(tab) {
  tab.onmessage = ({ data }) => {
    if (data.session) enter(tab, data.session);
    if (data === 'bye') tabs.delete(tab);
    if (data === 'signed-out') become('signed-out');
    if (data === 'signed-out' || tabs.size === 0) abort.abort();
  };
}

function enter(tab, token) {
  if (token !== session) change(token);
  tabs.add(tab);
  isSignedOut = false;
  tab.postMessage({ type: 'status', status });
  if (last !== null) tab.postMessage({ type: 'begun', position: last });
  if (summary !== null) tab.postMessage({ type: 'summary', summary });
  if (points.length > 0) tab.postMessage({ type: 'metrics', points });
  run();
}

if ('onconnect' in self) self.onconnect = (event) => join(event.ports[0]);
else join(self);

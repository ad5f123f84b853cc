// Uses the client as extensions do, and reports what it saw.
//
// It judges nothing: what should have been seen is written in tests/end_to_end/client.rs, which names the cases. The
// client itself, portcullis.js, is laid beside this file by that test, as an extension's author would.

import { PortcullisError, connect, isInstalled, sendOnce } from "./portcullis.js";

/** How long the test waits for something that has to come, in milliseconds. */
const PATIENCE = 30_000;

/** The connection that the test holds open between two cases. */
let held;

/** Each gets the name of the host, and returns what is reported. */
const cases = {
  /** A request whose reply comes after those of fifty later ones, and one during which others come unasked. */
  async correlation(host) {
    const connection = connect(host);
    const heard = [];
    connection.on("message", (message) => heard.push(message));
    const order = [];
    const note = (name) => (reply) => (order.push(name), reply);
    const first = connection.request({ every: 60_000, times: 1 }).then(note("first"));
    const replies = await Promise.all(Array.from({ length: 50 }, () => connection.request("ping")));
    order.push("fifty");
    // The plugin counts for one at a time, and is done with the first when it is asked again.
    const last = await connection.request({ every: 20, times: 3 }).then(note("last"));
    const ended = [await first, last].map((reply) => reply === undefined);
    connection.close();
    return { replies: [...new Set(replies)], count: replies.length, ended, order, heard };
  },

  /** What answers a request by its turn alone. */
  async turns(host) {
    const connection = connect(host, { correlation: "order" });
    const replies = await Promise.all([connection.request("ping"), connection.request("ping")]);
    connection.close();
    return replies;
  },

  /** A request that takes too long fails, and its port goes on. */
  async timeout(host) {
    const connection = connect(host, { timeout: 50 });
    const error = await failure(connection.request({ every: 60_000, times: 1 }));
    const reply = await connection.request("ping", { timeout: PATIENCE });
    connection.close();
    return { error, reply };
  },

  /** So does one that is given up, before it is sent or after. */
  async abort(host) {
    const connection = connect(host);
    const controller = new AbortController();
    const given = connection.request({ every: 60_000, times: 1 }, { signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    const underWay = await failure(given);
    const before = await failure(connection.request("ping", { signal: controller.signal }));
    const inTime = await failure(connection.request({ every: 60_000, times: 1 }, { signal: AbortSignal.timeout(50) }));
    const reply = await connection.request("ping");
    connection.close();
    return { underWay: underWay.message, before: before.message, inTime: inTime.name, reply };
  },

  /** The error of a plugin, and of the host where nothing is routed. */
  async errors(host) {
    const connection = connect(host);
    const good = await connection.request("ping");
    const refused = await failure(connection.request("pong"));
    const again = await connection.request("ping");
    const unsendable = await failure(connection.request(10n));
    connection.close();
    const closed = await failure(connection.request("ping"));
    return { good, refused, again, unsendable: unsendable.code, closed: closed.code };
  },

  /** An error of the host itself, for a request, in one shot, and for a message that nobody waits on. */
  async unrouted(host) {
    const connection = connect(host);
    const request = await failure(connection.request("ping"));
    const heard = new Promise((resolve) => connection.on("error", resolve));
    connection.send("ping");
    const event = seen(await heard);
    connection.close();
    return { request, event, once: await failure(sendOnce(host, { text: "ping" })) };
  },

  /** One message, one host. */
  async once(host) {
    // How an SDK says that it does not understand a message is its own affair.
    const { is, code, plugin, request } = await failure(sendOnce(host, { text: "pong" }));
    return [await sendOnce(host, { every: 1, times: 1 }), { is, code, plugin, request }];
  },

  /** Whether there is such a host. */
  async installed(host) {
    return isInstalled(host);
  },

  /** What a request finds where there is none. */
  async missing(host) {
    const connection = connect(host);
    const request = await failure(connection.request("ping"));
    connection.close();
    return { request, once: await failure(sendOnce(host, {})) };
  },

  /** Opens a connection with a request that stays under way, for `bereft`. */
  async hold(host) {
    held = { connection: connect(host), ended: [], opened: 0 };
    held.connection.on("disconnect", (error) => held.ended.push(error.code));
    held.connection.on("connect", () => (held.opened += 1));
    const first = await held.connection.request("ping");
    held.lost = failure(held.connection.request({ every: 60_000, times: 1 }));
    // By now the host has both.
    await held.connection.request("ping");
    return first;
  },

  /** The host was killed: what was under way fails, and the next request finds another host. */
  async bereft() {
    const { connection } = held;
    const lost = await held.lost;
    const wasOpen = connection.isOpen;
    const reply = await connection.request("ping", { timeout: PATIENCE });
    connection.close();
    return { lost: lost.code, wasOpen, reply, ended: held.ended, opened: held.opened };
  },

  /** Asks all the time for a host that ends at once, until it was opened again twice; the waits are between its ends. */
  async storm(host) {
    const connection = connect(host, { reconnect: "always" });
    const ended = [];
    const codes = new Set();
    const enough = new Promise((resolve) => {
      connection.on("disconnect", () => {
        ended.push(performance.now());
        if (ended.length === 3) resolve();
      });
    });
    const asking = setInterval(() => failure(connection.request("ping")).then(({ code }) => codes.add(code)), 5);
    await enough;
    clearInterval(asking);
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    return { waits: [ended[1] - ended[0], ended[2] - ended[1]], codes: [...codes].sort() };
  },
};

/** Performs the case that each step names, and returns one outcome for each. */
export async function exchange({ host, steps }) {
  const outcomes = [];
  for (const { text } of steps) {
    try {
      outcomes.push({ kind: "heard", text: JSON.stringify(await cases[text](host)) });
    } catch (error) {
      outcomes.push({ kind: "threw", message: `${error?.stack ?? error}` });
    }
  }
  return outcomes;
}

/** What a promise fails with. */
async function failure(promise) {
  try {
    return { resolved: await promise };
  } catch (error) {
    return seen(error);
  }
}

function seen(error) {
  const { name, code, message, hint, plugin, request } = error;
  const is = error instanceof PortcullisError && error instanceof Error;
  return { is, name, code, message, hint, plugin, request };
}

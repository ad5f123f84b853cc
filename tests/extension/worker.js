// The service worker: the same conversations as the page's, held where an extension of Manifest V3 usually holds them.

import { exchange } from "./exchange.js";

globalThis.exchange = exchange;

// Links to share: their buttons, and points in time by the visitor's own clock.

import "./copy.js";
import { showLocalTimes } from "./times.js";

showLocalTimes(document);

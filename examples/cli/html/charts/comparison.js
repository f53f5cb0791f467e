// Two sets of trials, figure by figure: how much B differs from A, and whether that is more than noise.
"use strict";

function comparison() {
  return [];
}

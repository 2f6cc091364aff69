/** Counts the turns of the event loop until `stop`, which returns them. */
export function countTurns(): { stop(): number } {
  let turns = 0;
  let counting = true;
  const turn = () => {
    turns += 1;
    if (counting) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      counting = false;
      return turns;
    },
  };
}

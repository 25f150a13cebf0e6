type Choice = "auto" | "light" | "dark";
const ORDER: Choice[] = ["auto", "light", "dark"];
const PLACE = "topolens-theme";

/** Light or dark: as the system says, unless chosen here; always light on paper. */
export class Theme {
  choice = $state<Choice>(remembered());
  private dark = $state(matchMedia("(prefers-color-scheme: dark)").matches);
  private printing = $state(false);
  shown = $derived(this.printing ? "print" : this.choice === "auto" ? (this.dark ? "dark" : "light") : this.choice);

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => (this.dark = event.matches));
    $effect.root(() => {
      $effect(() => {
        document.documentElement.dataset.theme = this.shown;
      });
    });
  }

  next() {
    this.choice = ORDER[(ORDER.indexOf(this.choice) + 1) % ORDER.length];
    try {
      localStorage.setItem(PLACE, this.choice);
    } catch {
      // A page opened from a file may not keep anything; the choice then lasts as long as the page.
    }
  }

  print(on: boolean) {
    this.printing = on;
    document.documentElement.dataset.theme = this.shown;
  }
}

function remembered(): Choice {
  try {
    const kept = localStorage.getItem(PLACE) as Choice | null;
    return kept && ORDER.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

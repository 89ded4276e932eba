import { Component, type ComponentChildren } from 'preact';

/** A part that breaks on odd data says so, and the others stand. */
export class ErrorBoundary extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };

  override componentDidCatch(): void {
    this.setState({ broken: true });
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div class="trouble" role="alert">
        <p>This part of the record could not be shown: something in it has an unexpected form.</p>
        <button type="button" class="button-second" onClick={() => this.setState({ broken: false })}>
          Try again
        </button>
      </div>
    );
  }
}

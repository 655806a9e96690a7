import { startApp } from '@/app/App';
import { BoardFace } from '@/features/board/BoardFace';

startApp(<BoardFace />);
